import { beforeEach, describe, expect, it } from 'vitest'
import type { Clock } from '../base/clock.ts'
import { Arrivals } from './arrivals.ts'

const longEnoughMs = 7_000

let timers: (() => void)[]
let strangers: number

/** Lets the time go by that libzmq gives a handshake, once. */
const pass = () => timers.splice(0).forEach((run) => run())

const clock: Clock = {
  now: () => 0,
  wallClock: () => 0,
  after(ms, run) {
    expect(ms).toBeLessThan(longEnoughMs)
    timers.push(run)
    return { cancel: () => void (timers = timers.filter((each) => each !== run)) }
  },
  endOfTurn: (run) => run(),
}

describe('Arrivals', () => {
  let arrivals: Arrivals

  beforeEach(() => {
    timers = []
    strangers = 0
    arrivals = new Arrivals(clock, () => (strangers += 1))
  })

  it('counts who has not finished the handshake in time, once', () => {
    for (let each = 0; each < 3; each++) arrivals.accepted()
    arrivals.handshakeEnded()
    expect(strangers).toBe(0)
    while (timers.length > 0) pass()
    expect(strangers).toBe(2)
  })

  it('does not take the handshake of a newcomer for that of a stranger for good', () => {
    arrivals.accepted()
    arrivals.accepted()
    arrivals.handshakeEnded()
    pass()
    arrivals.accepted()
    arrivals.handshakeEnded()
    while (timers.length > 0) pass()
    expect(strangers).toBe(1)
  })

  it('counts nobody where all have finished theirs, and sets no timer for nobody', () => {
    arrivals.accepted()
    arrivals.handshakeEnded()
    while (timers.length > 0) pass()
    expect(strangers).toBe(0)
    expect(timers).toEqual([])
  })

  it('says nothing after it was closed', () => {
    arrivals.accepted()
    arrivals.close()
    pass()
    expect(strangers).toBe(0)
  })
})
