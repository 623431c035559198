import { describe, expect, it } from 'vitest'
import type { Delivery, NewUpdate, Update } from '../../src/index.ts'
import type { Table } from './commit-plan.ts'
import { countsUpTo, tables } from './commit-plan.ts'
import { parseLine } from './journal-line.ts'
import type { JournalWriter } from './journal-writer.ts'
import { Life } from './life.ts'
import type { Tables } from './record.ts'
import { newCommit } from './record.ts'
import { Recorder } from './recorder.ts'
import type { Circumstances } from './verdict.ts'
import { judge } from './verdict.ts'

const publisher = { node: 'n', process: 'P', instance: '', incarnation: 'a'.repeat(32) }
const commits = 48

/** The updates of a commit, as they would be delivered. */
function delivered(commit: number, wanted: readonly string[] | '*' = '*'): Update[] {
  return newCommit('P', publisher.incarnation, commit)
    .filter(({ table }) => wanted === '*' || wanted.includes(table))
    .map((update: NewUpdate<Tables>) => ({
      ...update,
      before: undefined,
      version: undefined,
      publisher,
      sequence: update.record.NUMBER,
      commit,
      publishedAt: 0,
    }))
}

const updates = (list: Update[], incomplete?: true): Delivery => ({
  type: 'updates',
  updates: list,
  ...(incomplete && { incomplete }),
})

function loss(table: string, from: number | null, to: number | null, ends?: true): Delivery {
  const told = { table, publisher, from, to, reason: 'gone' as const, ...(ends && { ends }) }
  return { type: 'loss', losses: [told] }
}

/** A life whose journal has these lines. */
function lifeOf(name: string, lines: readonly string[]): Life {
  const life = new Life(name)
  for (const line of lines) life.take(parseLine(line))
  return life
}

/** Published in three turns, at 100, 200 and 300, a third each. */
function publishing(): Life {
  const turns = [1, 2, 3].flatMap((turn) => [
    `plan ${turn * 100} ${(turn * commits) / 3}`,
    `done ${turn * 100 + 1} ${(turn * commits) / 3}`,
  ])
  return lifeOf('P-1', [`open 50 n P - ${publisher.incarnation}`, ...turns])
}

interface Scene {
  readonly wanted?: readonly string[] | '*'
  readonly readyAt?: number
  readonly publisher?: Life
  readonly circumstances?: Circumstances
}

/** What the checker says of a subscriber that was given these deliveries. */
function verdictOf(deliveries: readonly Delivery[], scene: Scene = {}) {
  const { wanted = '*', readyAt = 60 } = scene
  const lines: string[] = [`open 50 n S - ${'b'.repeat(32)}`, `ready ${readyAt}`]
  const note = (line: string) => void lines.push(line)
  const writer = { note, write: note, flush: () => undefined }
  const recorder = new Recorder(writer as unknown as JournalWriter, wanted)
  for (const delivery of deliveries) recorder.take(delivery)
  recorder.flush()
  const subscriber = lifeOf('S-1', lines)
  const circumstances = scene.circumstances ?? { isMesh: false, touched: [] }
  return judge([scene.publisher ?? publishing(), subscriber], circumstances)
}

function rulesOf(deliveries: readonly Delivery[], scene: Scene = {}) {
  return verdictOf(deliveries, scene).violations.map(({ rule, updates }) => [rule, updates])
}

/** The number of the last update of a table in the first commits. */
const numberAfter = (commit: number, table: Table): number =>
  countsUpTo(commit)[tables.indexOf(table)] as number

/** Every commit a delivery of its own. */
const all = (wanted: readonly string[] | '*' = '*'): Delivery[] =>
  Array.from({ length: commits }, (_, index) => delivered(index + 1, wanted))
    .filter((list) => list.length > 0)
    .map((list) => updates(list))

/** The same with the deliveries of commits `from` to `to` replaced. */
const replaced = (from: number, to: number, ...by: Delivery[]): Delivery[] =>
  all().toSpliced(from - 1, to - from + 1, ...by)

describe('finds nothing wrong', () => {
  it('where everything came once, in deliveries of any size', () => {
    expect(rulesOf(all())).toEqual([])
    expect(
      rulesOf([updates(Array.from({ length: commits }, (_, i) => delivered(i + 1)).flat())]),
    ).toEqual([])
    const { owed, deliveries, reported, silent } = verdictOf(all())
    expect({ owed, deliveries, reported, silent }).toEqual({
      owed: 138,
      deliveries: 138,
      reported: 0,
      silent: 0,
    })
  })

  it('where only some tables are wanted', () => {
    for (const wanted of [['TRADE'], ['POSITION', 'AUDIT'], ['ORDER']]) {
      const scene = { wanted }
      expect(rulesOf(all(wanted), scene)).toEqual([])
    }
  })

  it('where what went before ready is not there', () => {
    expect(rulesOf(all().slice(32), { readyAt: 250 })).toEqual([])
    expect(rulesOf(all().slice(33), { readyAt: 250 })).toEqual([['silent-loss', 1]])
  })

  it('where the rest of a publisher that was killed is reported', () => {
    const killed = publishing()
    killed.killedAt = 400
    const seen = all().slice(0, 32)
    const losses = tables.map((table) => loss(table, numberAfter(32, table) + 1, null))
    const verdict = verdictOf([...seen, ...losses], { publisher: killed })
    expect(verdict.violations).toEqual([])
    expect(verdict.reported).toBe(46)
  })

  it('where what a killed publisher was about to publish came, or did not', () => {
    const killed = publishing()
    killed.take({ type: 'plan', at: 400, commit: commits + 2 })
    killed.killedAt = 401
    expect(rulesOf([...all(), updates(delivered(commits + 1))], { publisher: killed })).toEqual([])
    expect(rulesOf(all(), { publisher: killed })).toEqual([])
  })

  it('where an open loss of a publisher that lives got its end, and nothing was lost', () => {
    const last = numberAfter(16, 'TRADE')
    const open = [loss('TRADE', last + 1, null), loss('TRADE', last + 1, last, true)]
    expect(rulesOf(all().toSpliced(16, 0, ...open))).toEqual([])
  })
})

describe('finds', () => {
  it('an update that was dropped in silence', () => {
    expect(rulesOf(replaced(6, 6))).toEqual([['silent-loss', 1]])
    expect(rulesOf(all().slice(0, -1))).toEqual([
      ['silent-loss', 1],
      ['silent-loss', 1],
      ['silent-loss', 1],
      ['silent-loss', 1],
    ])
    expect(rulesOf([])).toHaveLength(4)
  })

  it('a commit that came twice', () => {
    expect(rulesOf(replaced(6, 6, updates(delivered(6)), updates(delivered(6))))).toEqual([
      ['twice', 1],
    ])
  })

  it('two commits that were swapped', () => {
    const first = replaced(1, 2, updates(delivered(2)), updates(delivered(1)))
    expect(rulesOf(first)).toEqual([
      ['twice', 1],
      ['silent-loss', 1],
    ])
    const later = replaced(6, 7, updates(delivered(7)), updates(delivered(6)))
    expect(rulesOf(later)).toEqual([['out-of-order', 1]])
  })

  it('places of a commit that were swapped', () => {
    const [first, second, ...rest] = delivered(5) as [Update, Update, ...Update[]]
    expect(rulesOf(replaced(5, 5, updates([second, first, ...rest])))).toEqual([
      ['out-of-order', 1],
    ])
  })

  it('a commit in two deliveries', () => {
    const [first, ...rest] = delivered(5) as [Update, ...Update[]]
    const torn = replaced(5, 5, updates([first]), updates(rest))
    expect(rulesOf(torn)).toEqual([
      ['torn', 1],
      ['torn', 3],
    ])
  })

  it('a commit that lacks a part in silence, or that is called incomplete without a loss', () => {
    const rest = delivered(5).slice(1)
    expect(rulesOf(replaced(5, 5, updates(rest)))).toEqual([
      ['torn', 3],
      ['silent-loss', 1],
    ])
    expect(rulesOf(replaced(5, 5, updates(rest, true)))).toEqual([
      ['false-incomplete', 3],
      ['silent-loss', 1],
    ])
    expect(rulesOf(replaced(5, 5, updates(delivered(5), true)))).toEqual([['false-incomplete', 4]])
  })

  it('content that was changed', () => {
    const [update] = delivered(6) as [Update]
    const changed = { ...update, record: { ...update.record, QUANTITY: 1n } }
    expect(rulesOf(replaced(6, 6, updates([changed])))).toEqual([['wrong', 1]])
    expect(rulesOf(replaced(6, 6, updates([{ ...update, sequence: 99 }])))).toEqual([['wrong', 1]])
    expect(rulesOf(replaced(6, 6, updates([{ ...update, commit: 7 }])))).toEqual([['wrong', 1]])
  })

  it('what was never published', () => {
    expect(rulesOf([...all(), updates(delivered(commits + 1))])).toEqual([['never-published', 1]])
    const stranger = lifeOf('X-1', ['open 50 n X - cc', 'plan 60 1', 'done 61 1'])
    const rules = rulesOf(all(), { publisher: stranger })
    expect(rules).toContainEqual(['never-published', 138])
  })

  it('a loss of a publisher that lives', () => {
    const [first] = delivered(6) as [Update]
    const number = first.sequence as number
    const told = loss('TRADE', number, number)
    expect(rulesOf(replaced(6, 6, told))).toEqual([['false-loss', 1]])
    const closed = publishing()
    closed.endedAt = 500
    expect(rulesOf(replaced(6, 6, told), { publisher: closed })).toEqual([['false-loss', 1]])
    closed.isScript = true
    expect(rulesOf(replaced(6, 6, told), { publisher: closed })).toEqual([])
    const killed = publishing()
    killed.killedAt = 400
    expect(rulesOf(replaced(6, 6, told), { publisher: killed })).toEqual([])
  })

  it('no false loss where a publisher that lives was silent for ten seconds', () => {
    const [first] = delivered(6) as [Update]
    const number = first.sequence as number
    const lines = (silentUs: number) => [
      `open 50 n S - ${'b'.repeat(32)}`,
      'want 55 *',
      'ready 60',
      `from 0 ${publisher.incarnation}`,
      'took 100 0 1 5',
      `lost ${100 + silentUs} 0 TRADE ${number} ${number} gone open`,
      `took 20000000 0 7 ${commits}`,
    ]
    const circumstances = { isMesh: false, touched: [] }
    const after = (silentUs: number) =>
      judge([publishing(), lifeOf('S-1', lines(silentUs))], circumstances)
    expect(after(10_000_000)).toMatchObject({ violations: [], reported: 1, givenUp: 1 })
    expect(after(9_000_000).violations).toMatchObject([{ rule: 'false-loss', updates: 1 }])
  })

  it('no false loss where what ends the loss of a silent publisher bears another word', () => {
    const [first] = delivered(6) as [Update]
    const number = first.sequence as number
    const lines = (reason: string) => [
      `open 50 n S - ${'b'.repeat(32)}`,
      'want 55 *',
      'ready 60',
      `from 0 ${publisher.incarnation}`,
      `lost 10000100 0 TRADE ? ? ${reason} open`,
      `lost 10000200 0 TRADE ? ${number} unknown-publisher ends`,
    ]
    const rules = (reason: string) =>
      judge([publishing(), lifeOf('S-1', lines(reason))], {
        isMesh: false,
        touched: [],
      }).violations.map(({ rule }) => rule)
    expect(rules('gone')).not.toContain('false-loss')
    expect(rules('evicted')).toContain('false-loss')
  })

  it('what was delivered although it was reported lost', () => {
    const [first] = delivered(6) as [Update]
    const number = first.sequence as number
    const killed = publishing()
    killed.killedAt = 400
    const both = [loss('TRADE', number, number), updates(delivered(6))]
    expect(rulesOf(replaced(6, 6, ...both), { publisher: killed })).toEqual([
      ['delivered-and-lost', 1],
    ])
    const early = [loss('TRADE', number, null), updates(delivered(6))]
    const rules = rulesOf(replaced(6, 6, ...early), { publisher: killed })
    expect(new Set(rules.map(([rule]) => rule))).toEqual(new Set(['delivered-and-lost']))
  })

  it('a loss that is open in the end although its publisher lives, and an end of none', () => {
    const last = numberAfter(commits, 'TRADE')
    expect(rulesOf([...all(), loss('TRADE', last + 1, null)])).toEqual([['open-for-live', 1]])
    expect(rulesOf([...all(), loss('TRADE', last + 1, last, true)])).toEqual([
      ['end-without-open', 1],
    ])
  })

  it('in a mesh, any word of a loss between two that nobody touched', () => {
    const last = numberAfter(16, 'TRADE')
    const told = [loss('TRADE', last + 1, null), loss('TRADE', last + 1, last, true)]
    const deliveries = all().toSpliced(16, 0, ...told)
    const alone = { circumstances: { isMesh: true, touched: [] } }
    expect(rulesOf(deliveries, alone)).toEqual([
      ['loss-in-node', 1],
      ['loss-in-node', 1],
    ])
    const touched = [{ name: 'P-1', from: 0, to: Infinity }]
    expect(rulesOf(deliveries, { circumstances: { isMesh: true, touched } })).toEqual([])
  })

  it('in a mesh, a loss of a script whose GENESIS_CLUSTER nobody touched', () => {
    const last = numberAfter(16, 'TRADE')
    const deliveries = all().toSpliced(
      16,
      0,
      loss('TRADE', last + 1, null),
      loss('TRADE', last + 1, last, true),
    )
    const publisher = publishing()
    const judged = (isScript: boolean, name: string) => {
      publisher.isScript = isScript
      const touched = [{ name, from: 0, to: Infinity }]
      return rulesOf(deliveries, { publisher, circumstances: { isMesh: true, touched } })
    }
    const both = [
      ['loss-in-node', 1],
      ['loss-in-node', 1],
    ]
    expect(judged(true, publisher.node)).toEqual([])
    expect(judged(true, 'elsewhere')).toEqual(both)
    expect(judged(false, publisher.node)).toEqual(both)
  })

  it('a subscription that never became ready, and a loss of nobody', () => {
    expect(rulesOf(all(), { readyAt: Number.MAX_SAFE_INTEGER }).length).toBe(0)
    const never = lifeOf('S-2', ['open 1 n S - dd', 'want 2 *'])
    expect(judge([never], { isMesh: false, touched: [] }).violations).toMatchObject([
      { rule: 'never-ready' },
    ])
    const nobody = { table: null, publisher: null, from: null, to: null }
    const lost: Delivery = { type: 'loss', losses: [{ ...nobody, reason: 'roster-lost' }] }
    expect(rulesOf([...all(), lost])).toEqual([['false-loss', 1]])
  })
})
