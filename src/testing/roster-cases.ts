import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Case } from './transport-stage.ts'
import { eventually, lingerMs, numbered } from './transport-stage.ts'

/** What the roster plane of every transport must do. */
export const rosterCases: readonly Case[] = [
  [
    'processes learn of each other, whoever came first, by entries that say all but counts',
    async (stage) => {
      const a = await stage.open('A')
      const b = await stage.open('B')
      for (const [who, whom] of [
        [a, b],
        [b, a],
      ] as const) {
        await eventually('the other in the roster', () => {
          const last = who.entries(whom.incarnation).at(-1)
          return last?.state === 'alive' && isDeepStrictEqual(last.place, whom.registration.place)
        })
      }
      assert.ok(b.changes.every(({ histories }) => histories.length > 0))
    },
  ],
  [
    'register() is acknowledged and told to the others, the end with its last numbers',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      a.register({ publishes: ['TRADE'], subscribes: '*' })
      await eventually('the acknowledgement', () =>
        a.registered.some(({ publishes }) => publishes.includes('TRADE')),
      )
      await eventually('B knows', () => b.entries(a.incarnation).at(-1)?.subscribes === '*')
      const last = [{ table: 'TRADE', last: 42 }]
      a.register({ state: 'leaving', last })
      a.register({ state: 'ended' })
      await eventually('the end', () => b.entries(a.incarnation).at(-1)?.state === 'ended')
      assert.deepEqual(b.entries(a.incarnation).at(-1)?.last, last)
      await eventually('its acknowledgement', () => a.registered.at(-1)?.state === 'ended')
    },
  ],
  [
    'what has not changed in the roster is not told again',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      for (const text of numbered(10)) a.register({ publishes: [text] })
      await eventually(
        'the last',
        () => b.entries(a.incarnation).at(-1)?.publishes[0] === 'number 9',
      )
      const told = b.entries(a.incarnation).map((entry) => JSON.stringify(entry))
      assert.ok(told.every((entry, i) => entry !== told[i - 1]))
    },
  ],
  [
    'a second live process of one name is refused, a later one is not',
    async (stage) => {
      const a = await stage.open('A')
      const code = { code: 'NAME_TAKEN' }
      await assert.rejects(stage.open('A'), code)
      a.register({ state: 'ended', last: [] })
      await eventually('the end', () => a.registered.at(-1)?.state === 'ended')
      await a.transport.close(lingerMs)
      await stage.open('A')
    },
  ],
  [
    'a signal that is aborted already ends open() with ABORTED, and leaves the name free',
    async (stage) => {
      const aborted = { code: 'ABORTED' }
      await assert.rejects(stage.player('A').open(AbortSignal.abort()), aborted)
      await stage.open('A')
    },
  ],
  [
    'of two that ask for one name at the same moment one has it',
    async (stage) => {
      const asked = await Promise.allSettled([stage.open('A'), stage.open('A')])
      const refused = asked.filter(({ status }) => status === 'rejected')
      assert.equal(refused.length, 1)
      assert.equal((refused[0] as { reason: { code?: string } }).reason.code, 'NAME_TAKEN')
    },
  ],
  [
    'replicas have one name and instances of their own',
    async (stage) => {
      const [one, two] = await Promise.all([
        stage.open('A', 'process', '1'),
        stage.open('A', 'process', '2'),
      ])
      await eventually('they know each other', () =>
        [one.latest(two.incarnation), two.latest(one.incarnation)].every(
          (entry) => entry?.state === 'alive' && entry.process === 'A',
        ),
      )
      await assert.rejects(stage.open('A', 'process', '2'), { code: 'NAME_TAKEN' })
    },
  ],
  [
    'who vanishes without a word has ended, without last numbers, and its name is free',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      a.register({ publishes: ['TRADE'] })
      await eventually('B knows', () => b.latest(a.incarnation)?.publishes.length === 1)
      await a.transport.close(0)
      await eventually('the end', () => b.latest(a.incarnation)?.state === 'ended')
      assert.equal(b.latest(a.incarnation)?.last, null)
      const again = await stage.open('A')
      await eventually('the next', () => b.latest(again.incarnation)?.state === 'alive')
    },
  ],
  [
    'who comes later hears of all who are there, and how others have ended',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      const last = [{ table: 'TRADE', last: 42 }]
      a.register({ publishes: ['TRADE'], state: 'ended', last })
      await eventually('the end', () => a.registered.at(-1)?.state === 'ended')
      const late = await stage.open('LATE')
      await eventually('the roster', () => late.latest(b.incarnation)?.state === 'alive')
      await eventually('its ended', () => late.latest(a.incarnation)?.state === 'ended')
      assert.deepEqual(late.latest(a.incarnation)?.last, last)
    },
  ],
  [
    'everybody is told the same history of the roster, and when it has settled',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      for (const each of [a, b])
        await eventually('it is settled', () => each.changes.some(({ settled }) => settled))
      const c = await stage.open('C')
      await eventually('C has a history', () => c.history !== undefined)
      assert.deepEqual([a.history, b.history], [c.history, c.history])
    },
  ],
]

/** The same where whoever keeps the roster ends and starts anew. */
export const restartCases: readonly Case[] = [
  [
    'a roster that was kept goes on: one history, and nobody has ended',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      await eventually('they know each other', () => a.latest(b.incarnation) !== undefined)
      const { history } = a
      await stage.cluster.restartRoster?.(true)
      b.register({ publishes: ['TRADE'] })
      await eventually('A hears of B', () => a.latest(b.incarnation)?.publishes.length === 1)
      const c = await stage.open('C')
      await eventually('C knows both', () =>
        [a, b].every(({ incarnation }) => c.latest(incarnation)?.state === 'alive'),
      )
      assert.deepEqual([a.history, c.history], [history, history])
      assert.ok(a.entries(b.incarnation).every(({ state }) => state === 'alive'))
      await assert.rejects(stage.open('B'), { code: 'NAME_TAKEN' })
    },
  ],
  [
    'a roster that was lost begins another history, and whoever is there is on it again',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      await eventually('they know each other', () => a.latest(b.incarnation) !== undefined)
      const { history } = a
      await stage.cluster.restartRoster?.(false)
      await eventually('another history', () => a.history !== history)
      b.register({ publishes: ['TRADE'] })
      await eventually('A hears of B', () => a.latest(b.incarnation)?.publishes.length === 1)
      const c = await stage.open('C')
      await eventually('C knows both', () =>
        [a, b].every(({ incarnation }) => c.latest(incarnation)?.state === 'alive'),
      )
    },
  ],
  [
    'who has ended while nobody kept the roster is told of as ended',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      await eventually('they know each other', () => a.latest(b.incarnation) !== undefined)
      const restarted = stage.cluster.restartRoster?.(true)
      await b.transport.close(0)
      await restarted
      await eventually('the end', () => a.latest(b.incarnation)?.state === 'ended')
    },
  ],
]
