import { expect, it } from 'vitest'
import { registrationOf } from '../../test/harness/registration.ts'
import { ownBytes } from '../base/own-bytes.ts'
import { encodeWhisper } from '../cluster/membership/whisper.ts'
import { encodeClusterMessage, encodeProcessMessage } from './registration-message.ts'

const seen = { history: null, version: 0 }
const registration = registrationOf('0'.repeat(32))

it.each([
  ['a text', ownBytes('\u00e9\u{1f600}')],
  ['a route', ownBytes('\x00\xff', 'latin1')],
  [
    'what a process says',
    encodeProcessMessage({ type: 'register', id: 1, seen, registration, wantsPort: false }),
  ],
  [
    'what GENESIS_CLUSTER answers',
    encodeClusterMessage({ type: 'registered', id: 1, processPort: null, linked: false }),
  ],
  [
    'what a node says to another',
    encodeWhisper({ type: 'renew', incarnation: registration.incarnation }),
  ],
])('%s keeps no other memory than its own alive', (_, bytes) => {
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
})

it('has the bytes of the text', () => {
  expect([...ownBytes('\u00e9')]).toEqual([0xc3, 0xa9])
  expect([...ownBytes('\x00\xff', 'latin1')]).toEqual([0, 255])
})
