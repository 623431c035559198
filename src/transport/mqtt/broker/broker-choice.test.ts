import { expect, it } from 'vitest'
import { BrokerChoice } from './broker-choice.ts'
import { mqttLimits } from './mqtt-limits.ts'
import { Takeovers } from './takeovers.ts'

const { reconnectFirstMs, reconnectMostMs, takenOverTimes, takenOverWithinMs } = mqttLimits
const versions = { unacceptable: 0x01, unsupported: 0x84 }

it.each([versions.unacceptable, versions.unsupported])(
  'Q3: a broker that says %i of MQTT 5 is asked in 3.1.1 at once',
  (code) => {
    const choice = new BrokerChoice(['a'])
    expect(choice.current.version).toBe(5)
    choice.reached()
    choice.answered()
    expect(choice.refused(code)).toBe(true)
    expect([choice.next(), choice.current.version]).toEqual([0, 4])
  },
)

it('Q3: one that closes without a word is asked in the other version, until it has taken one', () => {
  const choice = new BrokerChoice(['a'])
  const silent = () => {
    choice.reached()
    choice.next()
    return choice.current.version
  }
  expect([silent(), silent(), silent()]).toEqual([4, 5, 4])
  choice.accepted()
  choice.next()
  expect([silent(), silent()]).toEqual([4, 4])
})

it('Q3: brokers are tried in turn, with a pause behind the last, and one that was well is tried first', () => {
  const choice = new BrokerChoice(['a', 'b'])
  expect([choice.next(), choice.current.url]).toEqual([0, 'b'])
  expect([choice.next(), choice.current.url]).toEqual([reconnectFirstMs, 'a'])
  for (let round = 0; round < 20; round++) choice.next()
  choice.next()
  expect(choice.next()).toBe(reconnectMostMs)
  const { url } = choice.current
  choice.accepted()
  expect([choice.next(), choice.current.url]).toEqual([reconnectFirstMs, url])
})

it('Q3: a client id that another program has is told from connections that end time and again', () => {
  const takeovers = new Takeovers()
  const life = (from: number, ms: number) => {
    takeovers.connected(from)
    return takeovers.disconnected(from + ms)
  }
  const short = Array.from({ length: takenOverTimes }, (_, time) => life(time * 3_000, 100))
  expect(short).toEqual([false, false, false, false, true])
  const long = Array.from({ length: takenOverTimes }, (_, time) =>
    life(1_000_000 + time * 3_000, takenOverWithinMs + 1),
  )
  expect(long).not.toContain(true)
})
