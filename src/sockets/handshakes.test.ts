import { expect, it } from 'vitest'
import type { Event } from 'zeromq'
import { Handshakes, misfitOf } from './handshakes.ts'

const event = (type: Event['type'], code?: string): Event =>
  ({ type, address: 'tcp://127.0.0.1:1', ...(code && { error: { code } }) }) as unknown as Event

const mismatch = event('handshake:error:protocol', 'ERR_ZMTP_MECHANISM_MISMATCH')
const brokenOff = event('handshake:error:other', 'EPIPE')
const denied = event('handshake:error:auth')

it('Z7: a handshake that is refused is no host out of reach: what is wrong is told', () => {
  for (const [hasKeys, refusal] of [
    [true, 'no key there'],
    [false, 'no key here'],
  ] as const) {
    const handshakes = new Handshakes(hasKeys)
    expect(handshakes.take(mismatch)).toBe(true)
    expect(handshakes.refusal).toBe(refusal)
    handshakes.take(denied)
    expect(handshakes.refusal).toBe('not listed')
    // Nobody is there any more, or it lets us in.
    for (const end of [event('close'), event('handshake')]) {
      handshakes.take(mismatch)
      handshakes.take(end)
      expect(handshakes.refusal).toBeNull()
    }
  }
})

it('Z7: who breaks handshakes off without a word is asked, once each key was tried', () => {
  const handshakes = new Handshakes(true)
  for (let n = 1; n < 3; n++) {
    handshakes.take(brokenOff)
    expect(handshakes.isUnexplained(1)).toBe(false)
  }
  handshakes.take(brokenOff)
  expect([1, 2, 3].map((keys) => handshakes.isUnexplained(keys))).toEqual([true, true, false])
  handshakes.explain(null)
  expect(handshakes.refusal).toBeNull()
  handshakes.explain('CURVE')
  expect(handshakes.refusal).toBe('another key')
  expect(handshakes.isUnexplained(1)).toBe(false)
})

it.each([
  [true, 'CURVE', 'another key'],
  [true, 'NULL', 'no key there'],
  [false, 'CURVE', 'no key here'],
  [false, 'NULL', null],
  [true, 'PLAIN', null],
] as const)('keys %s, and there it is %s: %s', (hasKeys, mechanism, refusal) => {
  const handshakes = new Handshakes(hasKeys)
  // Not of a connection that stands by now.
  handshakes.explain(mechanism)
  expect(handshakes.refusal).toBeNull()
  handshakes.take(brokenOff)
  handshakes.explain(mechanism)
  expect(handshakes.refusal).toBe(refusal)
})

it('who is too busy for a handshake has not refused it', () => {
  const handshakes = new Handshakes(true)
  for (let n = 0; n < 5; n++) {
    handshakes.take(event('connect'))
    expect(handshakes.take(event('handshake:error:other', 'EAGAIN'))).toBe(false)
  }
  expect([handshakes.refusal, handshakes.isUnexplained(1)]).toEqual([null, false])
})

it('of who comes to a port it is told that it has no key, or another one', () => {
  expect(misfitOf(mismatch)).toBe('no key')
  expect(misfitOf(event('handshake:error:protocol', 'ERR_ZMTP_CRYPTOGRAPHIC'))).toBe('another key')
  for (const other of [
    brokenOff,
    denied,
    event('handshake:error:protocol', 'ERR_ZMTP_UNSPECIFIED'),
  ])
    expect(misfitOf(other)).toBeNull()
})
