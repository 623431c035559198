import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import type { GroupSnapshot, LinkSnapshot } from '../model/link-snapshot.ts'
import { linkLines } from './link-lines.ts'

/** No terminal: without colours. */
const stream = new PassThrough() as unknown as NodeJS.WriteStream

const relay: LinkSnapshot = {
  node: 'b',
  by: 'relay',
  state: 'connected',
  at: '10.0.0.2:6002',
  forMs: 7_260_000,
  reception: null,
}
const multicast: LinkSnapshot = {
  ...relay,
  by: 'multicast',
  forMs: 59_999,
  reception: {
    way: 'channel',
    heard: 1_000,
    heardBytes: 1_000_000,
    repaired: 234,
    repairedBytes: 234_000,
    skipped: 5,
    lostShare: null,
    longest: 1_400,
    longerMissed: 0,
  },
}
const group: GroupSnapshot = {
  at: '239.192.84.73:6000',
  from: '10.0.0.1',
  datagramBytes: 1_400,
  sent: 12_000,
  sentBytes: 9_000_000,
  resent: 30,
  resentBytes: 42_000,
  unsent: 2,
  receiveBuffer: 425_984,
  overrun: 0,
  refused: [{ why: 'double', datagrams: 4 }],
}

test('nothing where there is no link', () => {
  expect(linkLines({ links: [], group: null }, stream)).toEqual([])
})

test('links by relay', () => {
  const second = { ...relay, node: 'c', state: 'connecting', forMs: 3_600_000 * 48 } as const
  expect(linkLines({ links: [relay, second], group: null }, stream)).toEqual([
    '',
    'FROM NODE  LINK   STATE       FOR  AT             UPDATES BY  DATAGRAMS  SENT AGAIN  GIVEN UP',
    'b          relay  connected   2 h  10.0.0.2:6002  TCP         –          –           –',
    'c          relay  connecting  2 d  10.0.0.2:6002  TCP         –          –           –',
  ])
})

test('links by multicast, and what the node sends to the group', () => {
  const starting = { ...multicast, node: 'c', forMs: 60_000, reception: null }
  expect(linkLines({ links: [multicast, starting], group }, stream)).toEqual([
    '',
    'FROM NODE  LINK       STATE      FOR    AT             UPDATES BY  DATAGRAMS  SENT AGAIN  GIVEN UP',
    'b          multicast  connected  59 s   10.0.0.2:6002  TCP             1,234         234         5',
    'c          multicast  connected  1 min  10.0.0.2:6002  –                   –           –         –',
    'group 239.192.84.73:6000 from 10.0.0.1: 12,000 datagrams of 9,000,000 bytes sent, 30 of them again, ' +
      '2 not taken by the system, 425,984 bytes may wait to be read, 0 overrun, 4 refused as double',
  ])
})

test('a group that cannot be used', () => {
  const lines = linkLines({ links: [multicast], group: { ...group, from: null } }, stream)
  expect(lines.at(-1)).toBe('group 239.192.84.73:6000: cannot be used, all goes by TCP')
})
