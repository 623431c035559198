import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { Delivery, Update, UpdateKind } from '../model/update.ts'
import { SubscribedStream } from '../subscriber/subscribed-stream.ts'
import { Conflation } from './conflation.ts'
import { ConflationKeys, type ConflationKey } from './conflation-key.ts'

interface Row {
  readonly ID: unknown
  readonly VALUE: number
}
type Tables = Record<'T' | 'U' | 'LOG', Row>
type Conflated = Extract<Delivery<Tables>, { type: 'conflated' }>

const kinds = ['insert', 'modify', 'delete'] as const
const publisher = (incarnation: string): PublisherIdentity => ({
  node: 'n',
  process: incarnation,
  instance: '',
  incarnation,
})
const identities = new Map(['A', 'B'].map((name) => [name, publisher(name)]))

let nextSequence = 0

function update(fields: Partial<Update> & { record: Row }, from: string | null = 'A'): Update {
  nextSequence++
  return {
    table: 'T',
    kind: 'modify',
    before: undefined,
    version: undefined,
    publisher: from === null ? null : (identities.get(from) as PublisherIdentity),
    sequence: from === null ? null : nextSequence,
    commit: from === null ? null : nextSequence,
    publishedAt: 0,
    ...fields,
  }
}

interface Folded {
  readonly delivery: Conflated
  readonly missing: string[]
  readonly conflation: Conflation<Tables>
}

/** Each list of updates is one delivery; an update weighs 10 bytes. */
function fold(deliveries: readonly Update[][], key: ConflationKey = 'ID'): Folded {
  const missing: string[] = []
  const conflation = new Conflation<Tables>(new ConflationKeys(key), {
    folded: () => undefined,
    keyMissing: (table, field) => missing.push(`${table}.${field}`),
  })
  for (const updates of deliveries) conflation.fold(updates, false, updates.length * 10, [])
  return { delivery: conflation.delivery as Conflated, missing, conflation }
}

/** All sequences of kinds of up to so many updates. */
function* sequences(most: number): Generator<UpdateKind[]> {
  let last: UpdateKind[][] = [[]]
  for (let length = 1; length <= most; length++) {
    last = last.flatMap((each) => kinds.map((kind) => [...each, kind]))
    yield* last
  }
}

/** As an application keeps a copy: a map by key. */
function apply(copy: Map<unknown, Row>, updates: readonly { kind: UpdateKind; record: object }[]) {
  for (const { kind, record } of updates as readonly { kind: UpdateKind; record: Row }[])
    if (kind === 'delete') copy.delete(record.ID)
    else copy.set(record.ID, record)
}

it('is as old as the first update that was folded in', () => {
  const at = (publishedAt: number) => [update({ record: { ID: 1, VALUE: 1 }, publishedAt })]
  expect(fold([]).conflation.oldestAt).toBe(null)
  expect(fold([at(5), at(9)]).conflation.oldestAt).toBe(5)
})

describe('the latest of a key', () => {
  const all = [...sequences(4)]

  it('covers every sequence of kinds up to four', () => {
    expect(all).toHaveLength(3 + 9 + 27 + 81)
  })

  it.each(all.map((sequence) => [sequence.join(' '), sequence] as const))(
    '%s: leaves every copy as all of them would',
    (_, sequence) => {
      const updates = sequence.map((kind, index) =>
        update({ kind, record: { ID: 1, VALUE: index } }),
      )
      const { delivery } = fold([updates])
      expect(delivery.updates).toHaveLength(1)
      for (const before of [[], [[1, { ID: 1, VALUE: -1 }]]] as [unknown, Row][][]) {
        const expected = new Map(before)
        apply(expected, updates)
        const actual = new Map(before)
        apply(actual, delivery.updates)
        expect(actual).toEqual(expected)
      }
    },
  )

  it.each(all.map((sequence) => [sequence.join(' '), sequence] as const))(
    '%s: is the last one, with what was there before the first',
    (_, sequence) => {
      let value = 100
      const updates = sequence.map((kind) => {
        const before = kind === 'insert' ? undefined : { VALUE: value }
        if (kind !== 'delete') value++
        return update({ kind, record: { ID: 1, VALUE: value }, before })
      })
      const [first, last] = [updates[0] as Update, updates.at(-1) as Update]
      const [only] = fold([updates]).delivery.updates
      const kind = last.kind === 'delete' ? 'delete' : first.kind === 'insert' ? 'insert' : 'modify'
      const was = first.kind === 'delete' ? first.record : first.before
      expect(only).toEqual({
        ...last,
        kind: sequence.length === 1 ? last.kind : kind,
        before: sequence.length === 1 ? last.before : was,
        count: sequence.length,
        firstKind: first.kind,
      })
    },
  )

  /** Histories that a table can have: rows are inserted where there is none, else changed or deleted. */
  const lives = all.flatMap((sequence) =>
    [false, true].flatMap((isThere) => {
      let here = isThere
      for (const kind of sequence) {
        if (here === (kind === 'insert')) return []
        here = kind !== 'delete'
      }
      return [{ isThere, sequence }]
    }),
  )

  it.each(lives)('$sequence, there before: $isThere: has the net change of a sum', (life) => {
    let row: Row | undefined = life.isThere ? { ID: 1, VALUE: 1000 } : undefined
    const start = row?.VALUE ?? 0
    const updates = life.sequence.map((kind, index) => {
      const before = row
      if (kind === 'delete') {
        row = undefined
        return update({ kind, record: before as Row })
      }
      row = { ID: 1, VALUE: 1 + index * 7 }
      return update({ kind, record: row, before })
    })
    const [only] = fold([updates]).delivery.updates
    const was = only?.firstKind === 'insert' ? 0 : ((only?.before ?? only?.record)?.VALUE ?? 0)
    const is = only?.kind === 'delete' ? 0 : (only?.record.VALUE ?? 0)
    expect(start + is - was).toBe(row?.VALUE ?? 0)
  })
})

describe('a conflated delivery', () => {
  const row = (id: unknown, value: number): Partial<Update> & { record: Row } => ({
    record: { ID: id, VALUE: value },
  })

  it('has the latest of each table and key in the order in which they came, and counts the rest', () => {
    const updates = [
      update(row(1, 1)),
      update(row(2, 2)),
      update({ ...row(1, 3), table: 'U' }),
      update(row(1, 4)),
      update(row('1', 5)),
      update(row(1, 6)),
    ]
    const { delivery } = fold([updates.slice(0, 2), updates.slice(2, 3), updates.slice(3)])
    expect(
      delivery.updates.map(({ table, record, count }) => [table, record.VALUE, count]),
    ).toEqual([
      ['T', 2, 1],
      ['U', 3, 1],
      ['T', 5, 1],
      ['T', 6, 3],
    ])
    expect(delivery).toMatchObject({ folded: 2, foldedByTable: { T: 2, U: 0 } })
    expect('incomplete' in delivery).toBe(false)
  })

  it('stands for exact ranges, and for foreign updates without any', () => {
    const numbered = (sequence: number, from: string) =>
      update({ ...row(1, sequence), sequence, commit: sequence }, from)
    const { delivery } = fold([
      [numbered(5, 'A'), numbered(1, 'B')],
      [update(row(1, 0), null), update(row(1, 0), null)],
      [numbered(6, 'A'), numbered(9, 'A'), numbered(10, 'A'), numbered(2, 'B')],
    ])
    const ranges = delivery.ranges.map(
      ({ from, to, table, publisher: { process } }) => `${table} ${process} ${from} ${to}`,
    )
    expect(ranges).toEqual(['T A 5 6', 'T B 1 2', 'T A 9 10'])
    expect(delivery).toMatchObject({ folded: 7, updates: [{ count: 8, firstKind: 'modify' }] })
  })

  it('has the farthest position of each stream', () => {
    const streams = [new SubscribedStream('T'), new SubscribedStream('U')] as const
    const { conflation } = fold([])
    conflation.fold([update(row(1, 1))], false, 1, [{ stream: streams[0], last: 4 }])
    conflation.fold([update(row(1, 1))], true, 1, [{ stream: streams[1], last: 2 }])
    conflation.fold([update(row(1, 1))], false, 1, [{ stream: streams[0], last: 9 }])
    expect(conflation.positions).toEqual([
      { stream: streams[0], last: 9 },
      { stream: streams[1], last: 2 },
    ])
    expect(conflation.delivery).toMatchObject({ incomplete: true })
  })

  it('does not fold what has no key, and says which field is missing', () => {
    const key = { T: 'ID', U: ['ID', 'VALUE'] }
    const { delivery, missing } = fold(
      [
        [
          update(row(1, 1)),
          update(row(undefined, 2)),
          update(row(undefined, 3)),
          update(row(1, 4)),
        ],
        [update({ ...row(1, 5), table: 'LOG' }), update({ ...row(1, 6), table: 'LOG' })],
        [update({ ...row(1, 7), table: 'U' }), update({ ...row(1, 8), table: 'U' })],
        [update({ ...row(1, 8), table: 'U' }), update(row(null, 9)), update(row(null, 10))],
      ],
      key,
    )
    expect(delivery.updates.map(({ record }) => record.VALUE)).toEqual([2, 3, 4, 5, 6, 7, 8, 10])
    expect(missing).toEqual(['T.ID', 'T.ID'])
    expect(delivery.foldedByTable).toEqual({ T: 2, LOG: 0, U: 1 })
  })

  it('folds nothing over a change of the key', () => {
    const moved = (from: number, to: number, value: number) =>
      update({ ...row(to, value), before: { ID: from } })
    const updates = [
      update(row(1, 1)),
      update(row(1, 2)),
      moved(1, 2, 3),
      update({ ...row(1, 4), kind: 'insert' }),
      update({ ...row(2, 5), before: { ID: 2 } }),
      update(row(2, 6)),
      update(row(1, 7)),
    ]
    const follow = (list: readonly Update[]) => {
      const copy = new Map<unknown, number>()
      for (const { before, record } of list as readonly { before?: Partial<Row>; record: Row }[]) {
        if (before?.ID !== undefined) copy.delete(before.ID)
        copy.set(record.ID, record.VALUE)
      }
      return copy
    }
    const { delivery } = fold([updates])
    expect(delivery.updates.map(({ record }) => record.VALUE)).toEqual([2, 3, 6, 7])
    expect(follow(delivery.updates as unknown as Update[])).toEqual(follow(updates))
  })
})

describe('versions', () => {
  const versioned = (from: string | null, version: bigint | undefined, value: number) =>
    update({ kind: 'modify', version, record: { ID: 1, VALUE: value } }, from)
  const latest = (...updates: Update[]) => fold([updates]).delivery.updates[0]

  it.each([
    ['one publisher', 'A', 'A'],
    ['two publishers', 'A', 'B'],
    ['foreign publishers', null, null],
    ['a foreign publisher and one of ours', null, 'A'],
  ])('D25: order the updates of %s, whichever comes first', (_, one, other) => {
    expect(latest(versioned(one, 5n, 1), versioned(other, 4n, 2))?.record.VALUE).toBe(1)
    expect(latest(versioned(one, 4n, 1), versioned(other, 5n, 2))?.record.VALUE).toBe(2)
    expect(latest(versioned(one, -1n, 1), versioned(other, -2n, 2))?.record.VALUE).toBe(1)
  })

  it('D25: that are equal, or missing, leave it to the later', () => {
    expect(latest(versioned('A', 5n, 1), versioned('A', 5n, 2))?.record.VALUE).toBe(2)
    expect(latest(versioned('A', 5n, 1), versioned('B', 5n, 2))?.record.VALUE).toBe(2)
    expect(latest(versioned('A', 5n, 1), versioned('B', undefined, 2))?.record.VALUE).toBe(2)
    expect(latest(versioned('A', undefined, 1), versioned('B', 4n, 2))?.record.VALUE).toBe(2)
  })

  it('D25: are not forgotten behind an update that has none', () => {
    const none = versioned('A', undefined, 2)
    expect(latest(versioned('A', 5n, 1), none, versioned('A', 4n, 3))?.record.VALUE).toBe(2)
    expect(latest(versioned('A', 5n, 1), none, versioned('A', 6n, 3))?.record.VALUE).toBe(3)
  })

  it('keep a delete that comes before the change that it follows', () => {
    const deleted = { ...versioned('A', 3n, 1), kind: 'delete' as const }
    expect(latest(deleted, versioned('A', 2n, 2))).toMatchObject({ kind: 'delete', version: 3n })
    expect(latest(deleted, { ...versioned('A', 4n, 2), kind: 'insert' })?.kind).toBe('modify')
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'give a copy what all of them would, in any order: %i',
    (seed) => {
      const random = seededRandom(seed)
      const all = Array.from({ length: 200 }, (_, index) => ({
        ...versioned(random() < 0.5 ? 'A' : 'B', BigInt(index), index),
        kind: kinds[Math.floor(random() * 3)] as UpdateKind,
        record: { ID: Math.floor(random() * 5), VALUE: index },
      }))
      const shuffled = all.map((each) => ({ each, at: each.record.VALUE + random() * 40 }))
      const updates = shuffled.sort((a, b) => a.at - b.at).map(({ each }) => each)
      const copyOf = (list: readonly Update[]) => {
        const copy = new Map<unknown, Update>()
        for (const update of list) {
          const { ID } = update.record as Row
          if ((copy.get(ID)?.version ?? -1n) <= (update.version ?? 0n)) copy.set(ID, update)
        }
        const rows = [...copy].map(
          ([ID, { kind, record }]) => [ID, kind === 'delete' ? null : record] as const,
        )
        return new Map(rows)
      }
      const folded = fold([updates.slice(0, 70), updates.slice(70)]).delivery.updates
      expect(folded).toHaveLength(5)
      expect(copyOf(folded as unknown as Update[])).toEqual(copyOf(all))
    },
  )

  it('make what came later the first, where it is the oldest', () => {
    const older = update(
      { kind: 'insert', version: 4n, record: { ID: 1, VALUE: 2 }, before: undefined },
      'B',
    )
    const newer = { ...versioned('A', 5n, 1), before: { VALUE: 2 } }
    expect(latest(newer, older)).toMatchObject({ kind: 'insert', firstKind: 'insert', count: 2 })
    expect(latest(newer, older)?.before).toBeUndefined()
  })
})

describe('what it weighs', () => {
  const row = (id: number, before?: { VALUE: number }) =>
    update({ record: { ID: id, VALUE: 0 }, ...(before && { before }) })

  it('is what it keeps, not what came', () => {
    const { conflation } = fold([Array.from({ length: 1000 }, (_, index) => row(index % 10))])
    expect(conflation).toMatchObject({ updates: 11, bytes: 100 })
  })

  it('counts the record before the first as long as it keeps it', () => {
    const { conflation } = fold([[row(1, { VALUE: 1 }), row(1), row(1)], [row(2)]])
    expect(conflation.bytes).toBe(30)
  })

  it('counts the ranges of publishers that come and go', () => {
    const updates = Array.from({ length: 50 }, (_, index) => ({
      ...row(1),
      publisher: publisher(`SCRIPT_${index}`),
      sequence: 1,
    }))
    expect(fold([updates]).conflation.updates).toBe(51)
  })
})
