/** The nouns of the roster as they stand in JSON, field by field. */
import type {
  ClusterSnapshot,
  LeftOut,
  NodeSnapshot,
  ProcessSnapshot,
} from '../model/cluster-snapshot.ts'
import { nodeStates, processStatuses } from '../model/cluster-snapshot.ts'
import type { GroupSnapshot, LinkSnapshot, ReceptionSnapshot } from '../model/link-snapshot.ts'
import { linkConditions, receptionWays } from '../model/link-snapshot.ts'
import type { TableSequence } from '../model/message.ts'
import type { ClockReading, KeySetup, NodeSetup } from '../model/node-setup.ts'
import type {
  ConnectionCounts,
  Registration,
  RosterChange,
  RosterEntry,
} from '../model/roster-entry.ts'
import { timelessEntry } from '../model/roster-entry.ts'
import { lossReasons } from '../model/loss.ts'
import { maxWaitingFor, type ProcessHealth, type ToldLoss } from '../model/process-health.ts'
import { refusals } from '../model/shut-out.ts'
import { type TurnedAway, turnedAwayReasons } from '../model/turned-away.ts'
import type { JsonShape } from '../base/json-shape.ts'
import {
  boolean,
  either,
  integer,
  joined,
  list,
  nullable,
  oneOf,
  orElse,
  quantity,
  record,
  text,
} from '../base/json-shape.ts'
import { snapshotLimits } from './snapshot-parts.ts'
import type { ZeroMQPlace } from './zeromq-place.ts'
import { placeOf, portsOf } from './zeromq-place.ts'

/** UTF-16 units of a node, process or instance name: more than any host or process bears. */
const maxNameLength = 255

/** 128 bits, 32 lower-case hexadecimal digits. */
export const identity = text(32, /^[0-9a-f]{32}$/)

const name = text(maxNameLength)
const sentence = text(4096)
const filledName = text(maxNameLength, /./s)
const count = integer(0, Number.MAX_SAFE_INTEGER)
const port = nullable(integer(1, 65_535))
const mode = oneOf(['mesh', 'proxy'])
export const tableSequence = record<TableSequence>({ table: name, last: count })

const connectionCounts = record<ConnectionCounts>({
  processes: count,
  outbound: count,
  inbound: count,
  export: count,
})

/** What a newer version says in other words is passed over. */
const toldLoss: JsonShape<ToldLoss | null> = (value) =>
  nullable(
    record<ToldLoss>({
      at: quantity,
      table: nullable(name),
      publisher: nullable(sentence),
      from: nullable(count),
      to: nullable(count),
      reason: oneOf(lossReasons),
    }),
  )(value) ?? null

/** What was said longer than it has to be is cut: only people read it. */
export const processHealth = orElse(
  null,
  nullable(
    record<ProcessHealth>({
      ready: boolean,
      waitingFor: (value) => list(sentence)(value)?.slice(0, maxWaitingFor),
      lagSeconds: quantity,
      losses: count,
      lastLoss: toldLoss,
    }),
  ),
)

type Placed = Pick<Registration, 'place'>

/** As it stands in JSON: the ports of its place are fields beside the others, both null where it has no place. */
type WithPorts<Noun extends Placed> = Omit<Noun, 'place'> & ZeroMQPlace

/** For `JSON.stringify`, which passes over what is undefined: to copy all but one field takes five times as long. */
export function withPorts<Noun extends Placed>(noun: Noun): WithPorts<Noun> {
  const { processPort, zeromqPort } = portsOf(noun.place)
  return { ...noun, place: undefined, processPort, zeromqPort }
}

export const entriesWithPorts = <Change extends Pick<RosterChange, 'entries'>>(change: Change) => ({
  ...change,
  entries: change.entries.map(withPorts),
})

const ports = record<ZeroMQPlace>({ processPort: port, zeromqPort: port })

const place: JsonShape<Placed> = (value) => {
  const read = ports(value)
  return read && { place: placeOf(read) }
}

const lasting = {
  node: filledName,
  process: filledName,
  instance: name,
  incarnation: identity,
  role: oneOf(['process', 'script', 'cluster']),
  pid: count,
  startedAt: quantity,
  mode,
  publishes: list(name),
  subscribes: either(oneOf(['*']), list(name)),
  last: nullable(list(tableSequence)),
}

export const registration = joined(
  record<Omit<Registration, 'place'>>({
    ...lasting,
    state: oneOf(['alive', 'leaving', 'ended']),
    connections: connectionCounts,
    sequences: list(tableSequence),
    health: processHealth,
  }),
  place,
)

/** An entry without its place, which each layer has in words of its own. */
export const placelessEntry = record<Omit<RosterEntry, 'place'>>({
  ...lasting,
  state: oneOf(['alive', 'leaving', 'ended', 'gone']),
  endedMsAgo: orElse(0, quantity),
})

const anyEntry = joined(placelessEntry, place)

/** Only what has ended has an end. */
const rosterEntry: JsonShape<RosterEntry> = (value) => {
  const entry = anyEntry(value)
  return entry && (entry.state === 'ended' ? entry : timelessEntry(entry))
}

/** What one process alone is told of what it missed (`forgot`) is found by its own side. */
export const rosterChange = record<Omit<RosterChange, 'forgot'>>({
  entries: list(rosterEntry),
  histories: list(record({ node: filledName, history: text(64) })),
  settled: boolean,
  unreachable: list(text(2 * maxNameLength + 64)),
  letGo: orElse([], list(identity)),
})

/** As GENESIS_CLUSTER says it, which knows no broker. */
const processSnapshot = record<Omit<ProcessSnapshot, 'broker'>>({
  name: filledName,
  pid: count,
  status: oneOf(processStatuses),
  processPort: port,
  zeromqPort: port,
  connections: connectionCounts,
  tables: list(record({ table: name, sequence: count })),
  rate: quantity,
  version: orElse(null, nullable(name)),
  health: processHealth,
})

const leftOut = orElse(null, nullable(record<LeftOut>({ processes: count, tables: boolean })))

const linkSnapshot = record<LinkSnapshot>({
  node: filledName,
  by: oneOf(['relay', 'multicast']),
  state: oneOf(linkConditions),
  at: name,
  forMs: quantity,
  reception: nullable(
    record<ReceptionSnapshot>({
      way: oneOf(receptionWays),
      heard: count,
      heardBytes: count,
      repaired: count,
      repairedBytes: count,
      skipped: count,
      lostShare: nullable(quantity),
      longest: orElse(0, count),
      longerMissed: orElse(0, count),
    }),
  ),
})

const groupSnapshot = record<GroupSnapshot>({
  at: name,
  from: nullable(name),
  datagramBytes: count,
  sent: count,
  sentBytes: count,
  resent: count,
  resentBytes: count,
  unsent: count,
  receiveBuffer: count,
  overrun: nullable(count),
  refused: list(record({ why: name, datagrams: count })),
})

const nodeSetup = record<NodeSetup>({
  version: name,
  keys: nullable(record<KeySetup>({ own: name, ring: list(name), untaken: nullable(sentence) })),
  turnedAway: list(
    record<TurnedAway>({
      why: oneOf(turnedAwayReasons),
      who: sentence,
      at: name,
      count,
      agoMs: quantity,
    }),
  ),
})

const link = oneOf(['none', 'relay', 'multicast'])

const nodeSnapshot = record<NodeSnapshot>({
  name: filledName,
  address: nullable(name),
  state: oneOf(nodeStates),
  wire: orElse(null, nullable(count)),
  link: orElse(null, nullable(link)),
  refusal: orElse(null, nullable(oneOf(refusals))),
  clock: orElse(null, nullable(record<ClockReading>({ wallClock: quantity, withinMs: quantity }))),
  setup: orElse(null, nullable(nodeSetup)),
  processes: list(processSnapshot),
  links: orElse([], list(linkSnapshot)),
  group: orElse(null, nullable(groupSnapshot)),
  leftOut,
})

const snapshot = record<Omit<ClusterSnapshot, 'broker'>>({
  system: nullable(name),
  node: filledName,
  mode,
  link,
  nodes: list(nodeSnapshot),
})

/** The fields of a message that carries a part of a snapshot, beside its type. */
export const snapshotPart = {
  snapshot,
  part: orElse(0, integer(0, snapshotLimits.maxParts - 1)),
  more: orElse(false, boolean),
  continues: orElse(false, boolean),
}
