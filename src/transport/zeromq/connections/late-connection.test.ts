import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ManualClock } from '../../../../test/harness/manual-clock.ts'
import { Condition } from '../../condition.ts'
import { connectsInTime } from './late-connection.ts'

const withinMs = 10_000

/** What a test says of the connection, and what has come of it: undefined while it is waited for. */
function stage() {
  const clock = new ManualClock()
  const condition = new Condition(clock)
  const state = { isConnected: false, isTaken: false, isHeard: true, outcome: undefined as unknown }
  let heardAt = 0
  const late = {
    isConnected: () => state.isConnected,
    isTaken: () => state.isTaken,
    heardAt: () => heardAt,
  }
  const ending = new AbortController()
  connectsInTime(late, condition, clock, withinMs, ending.signal).then(
    (is) => (state.outcome = is),
    (error: unknown) => (state.outcome = error),
  )
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second += 1) {
      if (state.isHeard) heardAt = clock.now()
      clock.moveBy(1_000)
      await nextTurn()
    }
  }
  return { state, pass, condition, ending }
}

it('is given up where GENESIS_CLUSTER is heard and nobody takes connections at the port', async () => {
  const { state, pass } = stage()
  await pass(9)
  expect(state.outcome).toBeUndefined()
  await pass(2)
  expect(state.outcome).toBe(false)
})

it('is waited for as long as GENESIS_CLUSTER is silent, or slow with its handshakes', async () => {
  const { state, pass, condition } = stage()
  await pass(5)
  state.isHeard = false
  await pass(60)
  state.isHeard = true
  state.isTaken = true
  await pass(60)
  expect(state.outcome).toBeUndefined()
  state.isTaken = false
  await pass(8)
  expect(state.outcome).toBeUndefined()
  state.isConnected = true
  condition.changed()
  await nextTurn()
  expect(state.outcome).toBe(true)
})

it('ends with the queue', async () => {
  const { state, ending } = stage()
  ending.abort()
  await nextTurn()
  expect(state.outcome).toMatchObject({ code: 'ABORTED' })
})
