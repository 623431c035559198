import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'
import { lossReasons } from '../../src/model/loss.ts'
import type { ProcessHealth } from '../../src/model/process-health.ts'
import type { Registration, RosterChange, RosterEntry } from '../../src/model/roster-entry.ts'
import type { ClusterMessage } from '../../src/registration/registration-message.ts'
import {
  encodeClusterMessage,
  encodeProcessMessage,
} from '../../src/registration/registration-message.ts'
import { entriesWithPorts } from '../../src/registration/registration-shape.ts'
import type { Whisper } from '../../src/cluster/membership/whisper.ts'
import { encodeWhisper } from '../../src/cluster/membership/whisper.ts'
import type { Dice } from './dice.ts'
import { hostileNames, tableName } from './names.ts'

export const ownNode = 'a'
export const otherNode = 'b'

/** Few, so that messages meet each other. */
const lives = 4

const incarnation = (dice: Dice) => `${dice.below(lives)}`.repeat(32)

const processNames = ['P', 'Q', ...hostileNames.filter((name) => name !== '')]

/** Mostly one process under each incarnation: any other one is refused as its copy. */
function life(dice: Dice) {
  const which = dice.below(lives)
  const as = dice.chance(0.9) ? which : dice.below(9)
  return {
    process: dice.chance(0.9) ? `P${as >> 1}` : dice.pick(processNames),
    instance: as % 2 === 0 ? '' : '2',
    incarnation: `${which}`.repeat(32),
    pid: 1 + as,
  }
}

function entry(dice: Dice, node: string): RosterEntry {
  const table = tableName(dice)
  const ended = dice.chance(0.2)
  return {
    node,
    ...life(dice),
    role: dice.pick(['process', 'script', 'cluster']),
    startedAt: 1_700_000_000_000,
    mode: 'mesh',
    place: dice.chance(0.5) ? null : { processPort: 11_000 + dice.below(9) },
    publishes: dice.many(dice.few(3), () => tableName(dice)),
    subscribes: dice.chance(0.5) ? '*' : [table],
    state: ended ? 'ended' : dice.pick(['alive', 'leaving']),
    last: ended ? [{ table: '', last: dice.below(100) }] : null,
  }
}

/** The node that a process takes for its own. */
type At = Pick<Registration, 'node' | 'mode'>

const health = (dice: Dice): ProcessHealth | null =>
  dice.pick([
    null,
    {
      ready: dice.chance(0.5),
      waitingFor: dice.chance(0.5) ? ['P'] : [],
      lagSeconds: dice.below(10),
      losses: dice.below(3),
      lastLoss: dice.pick([
        null,
        {
          at: 1_700_000_000_000,
          table: dice.pick([null, tableName(dice)]),
          publisher: dice.pick([null, 'P on a']),
          from: dice.pick([null, 3]),
          to: dice.pick([null, 9]),
          reason: dice.pick(lossReasons),
        },
      ]),
    },
  ])

function registration(dice: Dice, { node, mode }: At): Registration {
  const { state, ...standing } = entry(dice, node)
  return {
    ...standing,
    mode,
    state: state === 'gone' ? 'alive' : state,
    connections: { processes: 0, outbound: 1, inbound: 1, export: 0 },
    sequences: [{ table: 'TRADE', last: dice.below(100) }],
    health: health(dice),
  }
}

const rosterChange = (dice: Dice, node: string): RosterChange => ({
  entries: dice.many(dice.few(3), () => entry(dice, node)),
  histories: [{ node, history: 'h1' }],
  settled: dice.chance(0.5),
  unreachable: dice.chance(0.2) ? ['c'] : [],
  letGo: dice.chance(0.2) ? [incarnation(dice)] : [],
})

function snapshot(dice: Dice): ClusterSnapshot {
  const connections = { processes: 0, outbound: 1, inbound: 1, export: 0 }
  const process = {
    name: 'P',
    pid: 1,
    status: 'HEALTHY',
    processPort: null,
    zeromqPort: 21_000,
    connections,
    tables: [{ table: tableName(dice), sequence: 3 }],
    rate: 0.5,
    version: dice.pick([null, '1.0.0']),
    health: health(dice),
  } as const
  const link = {
    node: 'c',
    by: 'multicast',
    state: 'connected',
    at: '10.0.0.3:6002',
    forMs: 5,
    reception: {
      way: 'group',
      heard: 3,
      heardBytes: 300,
      repaired: 1,
      repairedBytes: 100,
      skipped: 0,
      lostShare: 0.25,
      longest: 1_400,
      longerMissed: 0,
    },
  } as const
  const group = {
    at: '239.192.84.73:6000',
    from: '10.0.0.2',
    datagramBytes: 1_400,
    sent: 7,
    sentBytes: 700,
    resent: 0,
    resentBytes: 0,
    unsent: 0,
    receiveBuffer: 425_984,
    overrun: 0,
    refused: [{ why: 'double', datagrams: 1 }],
  } as const
  const setup = {
    version: '1.0.0',
    keys: { own: 'k', ring: ['k'], untaken: null },
    turnedAway: [{ why: 'no key', who: '', at: 'tcp://10.0.0.2:6003', count: 1, agoMs: 0 }],
  } as const
  const leftOut = dice.pick([null, { processes: 2, tables: true }])
  const node = {
    name: otherNode,
    address: null,
    state: 'alive',
    wire: dice.pick([null, 0, 2]),
    link: dice.pick([null, 'relay', 'multicast'] as const),
    refusal: dice.pick<'another key' | null>([null, 'another key']),
    clock: dice.pick([null, { wallClock: 1_700_000_000_000, withinMs: 0 }]),
    setup: dice.pick([null, setup]),
    processes: [process],
    links: dice.pick([[], [link]]),
    group: dice.pick([null, group]),
    leftOut,
  } as const
  return { system: null, node: otherNode, mode: 'mesh', link: 'relay', nodes: [node] }
}

function snapshotPart(dice: Dice) {
  const part = dice.below(3)
  const continues = part > 0 && dice.chance(0.5)
  return {
    type: 'snapshot',
    snapshot: snapshot(dice),
    part,
    more: dice.chance(0.5),
    continues,
  } as const
}

const seen = (dice: Dice) => ({ history: dice.pick([null, 'h1', 'h2']), version: dice.below(5) })

function roster(dice: Dice, node: string) {
  const since = dice.below(3)
  const history = dice.pick(['h1', 'h2'])
  return {
    type: 'roster',
    history,
    since,
    version: since + dice.below(3),
    forgottenUpTo: dice.chance(0.7) ? 0 : dice.below(9),
    kept: dice.below(9),
    more: dice.chance(0.3),
    change: rosterChange(dice, node),
  } as const
}

/** From a process to GENESIS_CLUSTER of this node. */
export function processMessage(dice: Dice, at: At = { node: ownNode, mode: 'mesh' }): Buffer {
  const register = {
    type: 'register',
    id: 1 + dice.below(9),
    seen: seen(dice),
    registration: registration(dice, at),
    wantsPort: dice.chance(0.5),
  } as const
  const renew = { type: 'renew', step: 'link', incarnation: incarnation(dice) } as const
  const here = { type: 'here', incarnation: incarnation(dice) } as const
  const others = [renew, here, { type: 'snapshot' } as const]
  return Buffer.from(encodeProcessMessage(dice.chance(0.8) ? register : dice.pick(others)))
}

/** From GENESIS_CLUSTER to a process. */
export function clusterMessage(dice: Dice): Buffer {
  const others: readonly ClusterMessage[] = [
    { type: 'registered', id: 3, processPort: 11_000, linked: true },
    { type: 'refused', code: 'NAME_TAKEN', message: 'taken' },
    { type: 'wait', message: 'it is leaving' },
    { type: 'ask', answer: dice.chance(0.5) },
    { type: 'renew' },
    snapshotPart(dice),
  ]
  const message = dice.chance(0.6) ? roster(dice, ownNode) : dice.pick(others)
  return Buffer.from(encodeClusterMessage(message))
}

/** From one GENESIS_CLUSTER to another. */
export function whisper(dice: Dice): Buffer {
  const others: readonly Whisper[] = [
    { type: 'seen', seen: seen(dice) },
    { type: 'renew', incarnation: incarnation(dice) },
    { type: 'ask-snapshot' },
    snapshotPart(dice),
  ]
  return Buffer.from(encodeWhisper(dice.chance(0.6) ? roster(dice, otherNode) : dice.pick(others)))
}

/** The roster file of the own node. */
export const rosterFile = (dice: Dice): Buffer =>
  Buffer.from(
    JSON.stringify({
      format: '1',
      node: ownNode,
      history: 'h1',
      version: dice.below(1e6),
      forgotten: { all: dice.below(9), own: dice.below(9) },
      others: [{ node: otherNode, history: 'h1', version: dice.below(9) }],
      change: entriesWithPorts(rosterChange(dice, dice.chance(0.8) ? ownNode : otherNode)),
    }),
  )
