import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { Whisper } from './whisper.ts'
import { decodeWhisper, encodeWhisper, maxWhisperBytes } from './whisper.ts'

const incarnation = '0123456789abcdef0123456789abcdef'

const whispers: readonly Whisper[] = [
  { type: 'seen', seen: { history: null, version: 0, kept: 0 } },
  { type: 'seen', seen: { history: 'h', version: 12, kept: 3 } },
  {
    type: 'roster',
    history: 'h',
    since: 1,
    version: 2,
    forgottenUpTo: 1,
    kept: 0,
    more: true,
    change: {
      entries: [],
      histories: [{ node: 'a', history: 'h' }],
      settled: false,
      unreachable: [],
      letGo: [incarnation],
    },
  },
  { type: 'renew', incarnation },
  { type: 'ask-snapshot' },
  {
    type: 'snapshot',
    snapshot: { system: null, node: 'a', mode: 'mesh', link: 'relay', nodes: [] },
    part: 1,
    more: true,
    continues: false,
  },
]

test.each(whispers)('$type comes back as it was said', (whisper) => {
  expect(decodeWhisper(encodeWhisper(whisper))).toEqual(whisper)
})

test.each(['', 'null', '[]', '{}', '{"type":"seen"}', '{"type":"toString"}', '{"type":1}', '\xff'])(
  'what is none gives null: %j',
  (text) => {
    expect(decodeWhisper(Buffer.from(text, 'latin1'))).toBeNull()
  },
)

test('what is too long is not read', () => {
  const padded = Buffer.concat([encodeWhisper(whispers[0]!), Buffer.alloc(maxWhisperBytes, 0x20)])
  expect(decodeWhisper(padded)).toBeNull()
})

test('what would be too long is not written: it would end the connection', () => {
  const histories = Array.from({ length: 10_000 }, (_, n) => ({
    node: `node-${n}`.padEnd(100, '.'),
    history: 'h',
  }))
  const change = { entries: [], histories, settled: true, unreachable: [] }
  const roster = {
    type: 'roster',
    history: 'h',
    since: 0,
    version: 1,
    forgottenUpTo: 0,
    kept: 0,
    more: false,
    change,
  } as const
  expect(() => encodeWhisper(roster)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
})

test('20,000 damaged whispers give a whisper or null', () => {
  const random = seededRandom(2)
  let refused = 0
  for (let n = 0; n < 20_000; n += 1) {
    const bytes = Buffer.from(encodeWhisper(whispers[n % whispers.length]!))
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    const cut = random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
    if (decodeWhisper(cut) === null) refused += 1
  }
  expect(refused).toBeGreaterThan(10_000)
})
