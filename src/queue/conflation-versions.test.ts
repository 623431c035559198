import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Update, UpdateKind } from '../model/update.ts'
import { Conflation } from './conflation.ts'
import { ConflationKeys } from './conflation-key.ts'

interface Row {
  readonly ID: number
  readonly VALUE: number
}

/** The parts of an update that a copy of a table looks at. */
type Change = Pick<Update, 'kind' | 'version'> & { record: object; before?: object | undefined }

/** A copy of a table, as simple as it can be: each change counts under each key that it concerns. */
class Copy {
  readonly rows = new Map<number, number>()
  readonly #comparesVersions: boolean
  readonly #versions = new Map<number, bigint>()

  constructor(comparesVersions: boolean) {
    this.#comparesVersions = comparesVersions
  }

  take({ kind, record, before, version }: Change): void {
    const { ID, VALUE } = record as Row
    const { ID: from } = { ...before } as Partial<Row>
    if (from !== undefined && from !== ID && this.#counts(from, version)) this.rows.delete(from)
    if (!this.#counts(ID, version)) return
    if (kind === 'delete') this.rows.delete(ID)
    else this.rows.set(ID, VALUE)
  }

  /** A version decides; of equal ones, and where one is missing, the later counts. */
  #counts(key: number, version: bigint | undefined): boolean {
    const known = this.#versions.get(key)
    if (!this.#comparesVersions || version === undefined) return true
    if (known !== undefined && version < known) return false
    this.#versions.set(key, version)
    return true
  }
}

const publishers = ['A', 'B', 'C'].map((name) => ({
  node: 'n',
  process: name,
  instance: '',
  incarnation: name,
}))

/** Changes of a few keys by three publishers, which come in another order than they were made in. */
function history(seed: number, { versioned }: { versioned: number }): Update[] {
  const random = seededRandom(seed)
  const below = (count: number) => Math.floor(random() * count)
  const sequences = new Map<string, number>()
  const made = Array.from({ length: 60 }, (_, index) => {
    const [ID, other] = [below(4), below(4)]
    const kind = (['insert', 'modify', 'delete', 'modify'] as const)[below(4)] as UpdateKind
    const isMove = kind === 'modify' && random() < 0.4
    const publisher = publishers[below(3)] as (typeof publishers)[number]
    return {
      at: index + below(12),
      publisher,
      kind,
      record: { ID, VALUE: index },
      before: isMove ? { ID: other } : undefined,
      version: random() < versioned ? BigInt(index >> 1) : undefined,
    }
  })
  made.sort((a, b) => a.at - b.at)
  return made.map(({ at: publishedAt, ...change }) => {
    const { incarnation } = change.publisher
    const sequence = (sequences.get(incarnation) ?? 0) + 1
    sequences.set(incarnation, sequence)
    return { table: 'T', sequence, commit: sequence, publishedAt, ...change }
  })
}

/** The deliveries of an application that takes what waits after each of so many updates, at most. */
function conflated(updates: readonly Update[], seed: number, most: number) {
  const random = seededRandom(seed)
  const deliveries = []
  for (let at = 0; at < updates.length;) {
    const conflation = new Conflation<Record<'T', Row>>(new ConflationKeys('ID'), {
      folded: () => undefined,
      keyMissing: () => undefined,
    })
    const end = Math.min(updates.length, at + 1 + Math.floor(random() * most))
    while (at < end) {
      const next = Math.min(end, at + 1 + Math.floor(random() * 5))
      conflation.fold(updates.slice(at, next), false, next - at, [])
      at = next
    }
    const { delivery } = conflation
    if (delivery.type === 'conflated') deliveries.push(delivery)
  }
  return deliveries
}

const seeds = Array.from({ length: 300 }, (_, index) => index + 1)

describe('inserts, changes, deletes and moves by three publishers, in any order', () => {
  it('D25: leave a copy that compares versions as all of them would, wherever they are folded', () => {
    for (const seed of seeds) {
      const updates = history(seed, { versioned: 1 })
      const [expected, actual] = [new Copy(true), new Copy(true)]
      for (const update of updates) expected.take(update)
      for (const delivery of conflated(updates, seed, 30))
        for (const update of delivery.updates) actual.take(update)
      expect(actual.rows, `seed ${seed}`).toEqual(expected.rows)
    }
  })

  it('D25: leave a copy that compares nothing as versions would, where they are folded at once', () => {
    for (const seed of seeds) {
      const updates = history(seed, { versioned: seed % 3 === 0 ? 1 : 0.7 })
      const [expected, actual] = [new Copy(true), new Copy(false)]
      for (const update of updates) expected.take(update)
      for (const delivery of conflated(updates, seed, Infinity))
        for (const update of delivery.updates) actual.take(update)
      expect(actual.rows, `seed ${seed}`).toEqual(expected.rows)
    }
  })

  it('D25: are counted, each of them', () => {
    for (const seed of seeds) {
      const updates = history(seed, { versioned: 0.7 })
      const deliveries = conflated(updates, seed, 30)
      const came = deliveries
        .flatMap((each) => each.updates)
        .reduce((sum, { count }) => sum + count, 0)
      const folded = deliveries.reduce((sum, each) => sum + each.folded + each.updates.length, 0)
      expect([came, folded], `seed ${seed}`).toEqual([updates.length, updates.length])
    }
  })
})

it('D25: the highest version is handed over, also where the latest update has none', () => {
  const change = (version: bigint | undefined, VALUE: number): Update => ({
    ...(history(1, { versioned: 0 })[0] as Update),
    kind: 'modify',
    record: { ID: 1, VALUE },
    before: undefined,
    version,
  })
  const [delivery] = conflated([change(7n, 1), change(undefined, 2)], 3, Infinity)
  const copy = new Copy(true)
  for (const update of [...(delivery?.updates ?? []), change(6n, 3)]) copy.take(update)
  expect(delivery?.updates).toMatchObject([{ count: 2, version: 7n }])
  expect([...copy.rows]).toEqual([[1, 2]])
})
