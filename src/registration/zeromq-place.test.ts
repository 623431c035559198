import { expect, it } from 'vitest'
import { placeOf, portsOf } from './zeromq-place.ts'

it.each([
  [{ processPort: 11_000, zeromqPort: 21_000 }],
  [{ processPort: 11_000, zeromqPort: null }],
  [{ processPort: null, zeromqPort: 21_000 }],
  [{ processPort: null, zeromqPort: null }],
])('a place gives back the ports of which it was made: %j', (ports) => {
  expect(portsOf(placeOf(ports))).toEqual(ports)
})

it('a process that has not taken its ZeroMQ port yet has a place, one without ports has none', () => {
  expect(placeOf({ processPort: 11_000, zeromqPort: null })).toEqual({ processPort: 11_000 })
  expect(placeOf({ processPort: null, zeromqPort: null })).toBeNull()
})

it('a place in the words of another layer has none of its ports', () => {
  const none = { processPort: null, zeromqPort: null }
  expect(portsOf({ topic: 'a/b', processPort: '11000' })).toEqual(none)
})
