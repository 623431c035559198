import assert from 'node:assert/strict'
import { randomId } from '../base/random.ts'
import type { Case } from './transport-stage.ts'
import { eventually, lingerMs, numbered } from './transport-stage.ts'

const isBeacon = (text: string | undefined) => text?.startsWith('beacon ') ?? false

/** What the data plane of every transport must do. */
export const dataCases: readonly Case[] = [
  [
    'open() gives the registration back, with a place for a process and none for a script',
    async (stage) => {
      const [a, s] = await Promise.all([stage.open('A'), stage.open('S', 'script')])
      assert.ok(a.registration.place !== null)
      assert.ok(a.transport.port === null || Number.isInteger(a.transport.port))
      assert.deepEqual([s.registration.place, s.transport.port], [null, null])
    },
  ],
  [
    'messages reach a matching subscription whole and in order, and no other',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      b.call((transport) => transport.subscribe('table/TRADE/'))
      await stage.path(a, b, 'table/TRADE/')
      for (const text of numbered(100)) {
        a.send('table/TRADE_AUDIT/', text)
        a.send('table/TRADE/', text)
      }
      await eventually('the last', () => b.texts('table/TRADE/').includes('number 99'))
      const texts = b.texts('table/TRADE/').filter((text) => !isBeacon(text))
      assert.deepEqual(texts, numbered(100))
      assert.deepEqual(b.texts('table/TRADE_AUDIT/'), [])
    },
  ],
  [
    'nothing comes any more after unsubscribe() has taken effect',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      b.call((transport) => transport.subscribe('table/A/'))
      b.call((transport) => transport.subscribe('table/B/'))
      await stage.path(a, b, 'table/A/')
      await stage.path(a, b, 'table/B/')
      b.call((transport) => transport.unsubscribe('table/A/'))
      let round = 0
      await eventually('a round without table/A/', () => {
        a.send('table/A/', `round ${round}`)
        a.send('table/B/', `round ${round}`)
        round += 1
        const last = b.texts('table/B/').at(-1) ?? ''
        return last.startsWith('round ') && !b.texts('table/A/').includes(last)
      })
    },
  ],
  [
    'what a script sends right after open() reaches the subscriptions that were there before',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B', 'script')])
      for (const each of [a, b]) each.call((transport) => transport.subscribe('table/'))
      const first = await stage.open('first', 'script')
      for (const each of [a, b]) await stage.path(first, each, 'table/')
      for (let round = 0; round < 5; round++) {
        const script = await stage.open(`script ${round}`, 'script')
        script.send('table/T/', `script ${round}`)
        await script.transport.close(lingerMs)
      }
      for (const each of [a, b]) {
        await eventually('all scripts', () => each.texts('table/T/').length === 5)
        assert.deepEqual(
          each.texts('table/T/'),
          [0, 1, 2, 3, 4].map((n) => `script ${n}`),
        )
      }
    },
  ],
  [
    'a request reaches every other process that publishes, and every script, once',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      b.register({ publishes: ['T'] })
      const s = await stage.open('S', 'script')
      const heard = (frame: string) => [b, s].every(({ requests }) => requests.includes(frame))
      let beacons = 0
      await eventually('a request', () => {
        beacons += 1
        a.call((transport) => transport.request(Buffer.from(`\x02beacon ${beacons}`), null))
        return heard(`\x02beacon ${beacons - 1}`)
      })
      for (const text of numbered(50)) a.call((t) => t.request(Buffer.from(`\x03${text}`), null))
      for (const each of [b, s]) {
        await eventually('all', () => each.requests.includes('\x03number 49'))
        const counted = each.requests.filter((frame) => frame.startsWith('\x03'))
        assert.deepEqual(
          counted,
          numbered(50).map((text) => `\x03${text}`),
        )
        assert.deepEqual(each.messages, [])
      }
    },
  ],
  [
    'a request with addressees reaches them once, and others at most',
    async (stage) => {
      const [a, b, c] = await Promise.all([stage.open('A'), stage.open('B'), stage.open('C')])
      for (const each of [b, c]) each.register({ publishes: ['T'] })
      const ask = (text: string, ...to: readonly string[]) =>
        a.call((transport) => transport.request(Buffer.from(text), to))
      let beacons = 0
      await eventually('a request', () => {
        beacons += 1
        ask(`\x02beacon ${beacons}`, b.incarnation, c.incarnation)
        return [b, c].every(({ requests }) => requests.includes(`\x02beacon ${beacons - 1}`))
      })
      for (const text of numbered(50)) ask(`\x03B ${text}`, b.incarnation)
      for (const text of numbered(50)) ask(`\x03C ${text}`, c.incarnation)
      for (const [each, name] of [
        [b, 'B'],
        [c, 'C'],
      ] as const) {
        const own = numbered(50).map((text) => `\x03${name} ${text}`)
        const theirs = () => each.requests.filter((frame) => frame.startsWith(`\x03${name}`))
        await eventually('its own', () => theirs().length === own.length)
        assert.deepEqual(theirs(), own)
      }
    },
  ],
  [
    'hops() has a shared one where a path passes what serves others, too, as to strangers',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      const isShared = (who: string) => a.transport.hops(who).some((hop) => hop.isShared)
      const { direct } = stage.cluster
      await eventually('B is direct', () => isShared(b.incarnation) === !direct)
      assert.equal(isShared(randomId()), true)
      const names = a.transport.hops(b.incarnation).map(({ name }) => name)
      assert.ok(names.length > 0 && new Set(names).size === names.length)
    },
  ],
  [
    'renew() keeps every subscription',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      b.call((transport) => transport.subscribe('table/T/'))
      await stage.path(a, b, 'table/T/')
      for (const hop of b.transport.hops(a.incarnation))
        b.call((transport) => transport.renew(hop, a.incarnation))
      await stage.path(a, b, 'table/T/')
    },
  ],
  [
    'nothing is told from inside a call, nor after close(), and closing twice is closing once',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      b.call((transport) => transport.subscribe('table/'))
      await stage.path(a, b, 'table/T/')
      b.register({ publishes: ['T'] })
      for (const hop of b.transport.hops(a.incarnation))
        b.call((transport) => transport.renew(hop, a.incarnation))
      await stage.path(a, b, 'table/T/')
      const closing = b.transport.close(0)
      const { told } = b
      await Promise.all([closing, b.transport.close(0)])
      b.send('table/T/', 'to nobody')
      b.call((transport) => transport.request(Buffer.from('\x02'), null))
      b.register({ publishes: [] })
      await eventually('A hears of the end of others', () => a.told > 0)
      assert.equal(b.told, told)
      assert.deepEqual([a.toldInCall, b.toldInCall], [0, 0])
    },
  ],
  [
    'processes come and go while the others go on',
    async (stage) => {
      const [a, b] = await Promise.all([stage.open('A'), stage.open('B')])
      for (const each of [a, b]) each.call((transport) => transport.subscribe('table/'))
      for (let round = 0; round < 3; round++) {
        const guest = await stage.open('GUEST')
        await stage.path(guest, a, 'table/GUEST/')
        guest.call((transport) => transport.subscribe('table/'))
        await stage.path(a, guest, 'table/A/')
        guest.register({ state: 'ended', last: [] })
        await eventually('its end', () => a.entries(guest.incarnation).at(-1)?.state === 'ended')
        await guest.transport.close(lingerMs)
        await stage.path(a, b, 'table/A/')
      }
    },
  ],
]
