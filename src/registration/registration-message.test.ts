import { wireVersion } from '../model/wire-version.ts'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import type { Registration } from '../model/roster-entry.ts'
import type { ClusterMessage, ProcessMessage } from './registration-message.ts'
import {
  decodeClusterMessage,
  decodeProcessMessage,
  encodeClusterMessage,
  encodeProcessMessage,
} from './registration-message.ts'
import { maxRegistrationMessageBytes } from '../model/registration-limits.ts'

const incarnation = '0123456789abcdef0123456789abcdef'

const registration: Registration = {
  node: 'a',
  process: 'TRADE_EVENT_HANDLER',
  instance: '',
  incarnation,
  role: 'process',
  pid: 4711,
  startedAt: 1_700_000_000_000.5,
  mode: 'mesh',
  place: { processPort: 11_001, zeromqPort: 21_001 },
  publishes: ['TRADE', 'ÄRGER/€'],
  subscribes: ['POSITION'],
  state: 'leaving',
  last: [{ table: 'TRADE', last: 17 }],
  connections: { processes: 3, outbound: 1, inbound: 0, export: 1 },
  sequences: [{ table: 'TRADE', last: 17 }],
  health: {
    ready: false,
    waitingFor: ['P'],
    lagSeconds: 3,
    losses: 2,
    lastLoss: {
      at: 1_700_000_000_000,
      table: 'TRADE',
      publisher: 'P on a',
      from: 3,
      to: null,
      reason: 'gone',
    },
  },
}

const {
  connections: _connections,
  sequences: _sequences,
  health: _health,
  ...lasting
} = registration

/** As it stands in JSON. */
const { place: _place, ...flat } = {
  ...registration,
  processPort: 11_001 as number | null,
  zeromqPort: 21_001 as number | null,
}

const processMessages: ProcessMessage[] = [
  {
    type: 'register',
    id: 1,
    seen: { history: null, version: 0, kept: 0 },
    registration,
    wantsPort: false,
    wire: wireVersion,
    cluster: 'shop',
    version: '1.0.0',
  },
  {
    type: 'register',
    id: 2,
    seen: { history: 'h', version: 9, kept: 7 },
    registration: {
      ...registration,
      role: 'script',
      place: null,
      subscribes: '*',
      state: 'alive',
      last: null,
    },
    wantsPort: true,
    wire: wireVersion,
    cluster: null,
    version: null,
  },
  { type: 'renew', step: 'link', incarnation },
  { type: 'renew', step: 'publisher', incarnation },
  { type: 'here', incarnation },
  { type: 'snapshot' },
]

const clusterMessages: ClusterMessage[] = [
  { type: 'registered', id: 7, processPort: null, linked: true, wire: wireVersion },
  { type: 'refused', code: 'NAME_TAKEN', message: 'A runs already (pid 12)' },
  { type: 'wait', message: 'A is leaving' },
  { type: 'ask', answer: true },
  {
    type: 'roster',
    history: 'h',
    since: 3,
    version: 4,
    forgottenUpTo: 2,
    kept: 0,
    more: true,
    change: {
      entries: [{ ...lasting, state: 'gone' }],
      histories: [{ node: 'a', history: 'h' }],
      settled: false,
      unreachable: ['b'],
      letGo: [incarnation],
    },
  },
  { type: 'renew' },
  {
    type: 'snapshot',
    snapshot: {
      system: null,
      node: 'a',
      mode: 'proxy',
      link: 'relay',
      nodes: [
        {
          name: 'a',
          address: null,
          state: 'suspect',
          wire: 3,
          link: 'multicast',
          refusal: 'another key',
          clock: { wallClock: 1_700_000_000_000.5, withinMs: 0.25 },
          setup: {
            version: '1.0.0',
            keys: { own: 'a', ring: ['a', 'b'], untaken: 'it has no pair' },
            turnedAway: [
              { why: 'no key', who: '10.0.0.9', at: 'tcp://10.0.0.1:1', count: 2, agoMs: 5 },
            ],
          },
          processes: [
            {
              name: 'P',
              pid: 1,
              status: 'HEALTHY',
              processPort: null,
              zeromqPort: null,
              connections: { processes: 0, outbound: 1, inbound: 1, export: 0 },
              tables: [{ table: 'T', sequence: 5 }],
              rate: 1.5,
              version: '1.0.0',
              health: null,
            },
          ],
          links: [
            {
              node: 'c',
              by: 'multicast',
              state: 'connected',
              at: '10.0.0.3:6002',
              forMs: 1_200,
              reception: {
                way: 'group',
                heard: 9,
                heardBytes: 900,
                repaired: 1,
                repairedBytes: 100,
                skipped: 0,
                lostShare: 0.1,
                longest: 1_400,
                longerMissed: 2,
              },
            },
            {
              node: 'd',
              by: 'relay',
              state: 'refused',
              at: '10.0.0.4:6002',
              forMs: 0,
              reception: null,
            },
          ],
          group: {
            at: '239.192.84.73:6000',
            from: null,
            datagramBytes: 1_400,
            sent: 4,
            sentBytes: 400,
            resent: 2,
            resentBytes: 200,
            unsent: 1,
            receiveBuffer: 0,
            overrun: null,
            refused: [{ why: 'double', datagrams: 3 }],
          },
          leftOut: { processes: 2, tables: true },
        },
      ],
    },
    part: 0,
    more: true,
    continues: false,
  },
]

describe('registration messages', () => {
  it.each(processMessages)('gives a process message back: $type', (message) => {
    expect(decodeProcessMessage(encodeProcessMessage(message))).toEqual(message)
  })

  it.each(clusterMessages)('gives a cluster message back: $type', (message) => {
    expect(decodeClusterMessage(encodeClusterMessage(message))).toEqual(message)
  })

  it.each([
    ['both ports', registration.place, 11_001, 21_001],
    [
      'a process port alone, while the other is not taken yet',
      { processPort: 11_001 },
      11_001,
      null,
    ],
    ['none', null, null, null],
  ])('has the ports of a place beside the other fields: %s', (_what, place, ...ports) => {
    const [processPort, zeromqPort] = ports
    const [first] = processMessages as [ProcessMessage]
    const message = { ...first, registration: { ...registration, place } } as ProcessMessage
    const json = { ...first, registration: { ...flat, processPort, zeromqPort } }
    expect(JSON.parse(Buffer.from(encodeProcessMessage(message)).toString())).toEqual(json)
    expect(decodeProcessMessage(Buffer.from(JSON.stringify(json)))).toEqual(message)
  })

  it('passes over what a newer version adds, and keeps none of it', () => {
    const [first] = processMessages as [ProcessMessage]
    const newer = { ...first, later: 1, registration: { ...flat, later: { a: 1 } } }
    expect(decodeProcessMessage(Buffer.from(JSON.stringify(newer)))).toEqual(first)
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{"type":'],
    ['no object', 'null'],
    ['an array', '[{"type":"snapshot"}]'],
    ['an unknown type', '{"type":"shutdown"}'],
    ['a name of Object.prototype', '{"type":"constructor"}'],
    ['__proto__ as type', '{"type":"__proto__"}'],
    ['a field from a prototype', '{"type":"renew","__proto__":{"step":"link"}}'],
    ['a foreign step', JSON.stringify({ type: 'renew', step: 'own', incarnation })],
    [
      'an identity that is none',
      JSON.stringify({ type: 'renew', step: 'link', incarnation: 'ABC' }),
    ],
  ])('refuses %s', (_what, text) => {
    expect(decodeProcessMessage(Buffer.from(text))).toBeNull()
  })

  it.each([
    ['pid', -1],
    ['processPort', 70_000],
    ['zeromqPort', '21001'],
    ['zeromqPort', undefined],
    ['publishes', 'TRADE'],
    ['subscribes', 'TRADE'],
    ['node', ''],
    ['state', 'gone'],
    ['last', [{ table: 'T', last: 2 ** 53 }]],
    ['connections', null],
  ])('refuses a registration whose %s is %j', (field, value) => {
    const [first] = processMessages as [ProcessMessage]
    const wrong = { ...first, registration: { ...flat, [field]: value } }
    expect(decodeProcessMessage(Buffer.from(JSON.stringify(wrong)))).toBeNull()
  })

  it('refuses text that is not UTF-8, and nesting without end', () => {
    expect(decodeProcessMessage(Buffer.from([0x22, 0xff, 0xfe, 0x22]))).toBeNull()
    expect(decodeProcessMessage(Buffer.from('['.repeat(500_000)))).toBeNull()
    const deep = `{"type":"snapshot","x":${'['.repeat(400_000)}${']'.repeat(400_000)}}`
    expect(decodeProcessMessage(Buffer.from(deep))).toEqual({ type: 'snapshot' })
  })

  it('is total: any damage gives a message or null', () => {
    const random = seededRandom(7)
    const sound = processMessages.map(encodeProcessMessage)
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(sound[round % sound.length] as Uint8Array)
      for (let hits = 1 + Math.floor(random() * 3); hits > 0; hits--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      }
      const end = random() < 0.2 ? Math.floor(random() * bytes.length) : bytes.length
      if (decodeProcessMessage(bytes.subarray(0, end)) === null) refused += 1
    }
    expect(refused).toBeGreaterThan(10_000)
  })

  it('has a limit, both ways', () => {
    const publishes = Array.from({ length: 40_000 }, (_, i) => `SOME_TABLE_OF_A_LONG_NAME_${i}`)
    const [first] = processMessages as [ProcessMessage]
    const long = { ...first, registration: { ...registration, publishes } } as ProcessMessage
    expect(() => encodeProcessMessage(long)).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    )
    const padded = `{"type":"snapshot","x":"${'x'.repeat(maxRegistrationMessageBytes)}"}`
    expect(decodeProcessMessage(Buffer.from(padded))).toBeNull()
  })
})
