import { expect, it } from 'vitest'
import { newKeyPair } from '../../model/key-pair.ts'
import type { KeyRing } from '../../model/key-ring.ts'
import { KeyChoice } from './key-choice.ts'
import type { Keys } from './keys.ts'

const [one, two, three] = [newKeyPair(), newKeyPair(), newKeyPair()]
const [at, elsewhere] = ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:2']

/** The keys of a process whose ports have the first; the ring may be changed. */
function stage(...ring: (typeof one)[]) {
  const keys = { own: ring[0] as typeof one, ring: ring as unknown as KeyRing }
  return { keys, choice: new KeyChoice(keys as unknown as Keys) }
}

it('Z7: where a key does not fit the next of the ring is tried, round and round', () => {
  const { choice } = stage(one, two, three)
  const tried = [choice.pairFor(at)]
  const untried = [1, 2, 3, 4].map(() => {
    const isUntried = choice.failed(at)
    tried.push(choice.pairFor(at))
    return isUntried
  })
  expect(tried).toEqual([one, two, three, one, two])
  // Whoever has tried all of them need not hurry.
  expect(untried).toEqual([true, true, false, false])
})

it('Z7: what fails again before the next key is tried is the old one, and the next is not passed over', () => {
  const { choice } = stage(one, two)
  choice.pairFor(at)
  // libzmq goes on with the old one until the connection is made anew.
  expect([choice.failed(at), choice.failed(at), choice.failed(at)]).toEqual([true, true, true])
  expect(choice.pairFor(at)).toBe(two)
  expect(choice.failed(at)).toBe(false)
})

it('Z7: where the old key fits after all, it is the one that stands', () => {
  const { choice } = stage(one, two)
  choice.pairFor(at)
  choice.failed(at)
  choice.stood(at)
  expect(choice.pairFor(at)).toBe(one)
})

it('stays with what stood, for each endpoint by itself', () => {
  const { choice } = stage(one, two)
  choice.failed(at)
  choice.stood(at)
  expect([at, elsewhere].map((each) => choice.pairFor(each))).toEqual([two, one])
  expect(choice.failed(at)).toBe(true)
})

it('leaves a key that is taken out of the ring, and finds one that comes into it', () => {
  const { keys, choice } = stage(one)
  expect(choice.failed(at)).toBe(false)
  keys.ring = [one, two]
  expect(choice.failed(at)).toBe(true)
  expect(choice.pairFor(at)).toBe(two)
  keys.ring = [one, three]
  expect(choice.pairFor(at)).toBe(one)
})

it('Z7: a connection by a key that was taken out of the ring since is made again with one that is in it', () => {
  const { keys, choice } = stage(one, two)
  choice.failed(at)
  expect(choice.pairFor(at)).toBe(two)
  choice.stood(at)
  keys.ring = [one]
  expect(choice.hasOther(at)).toBe(true)
  expect(choice.failed(at)).toBe(true)
  expect(choice.pairFor(at)).toBe(one)
  expect(choice.hasOther(at)).toBe(false)
  expect(choice.failed(at)).toBe(false)
})

it('begins anew with an endpoint that was forgotten', () => {
  const { choice } = stage(one, two)
  choice.failed(at)
  choice.forget(at)
  expect(choice.pairFor(at)).toBe(one)
})
