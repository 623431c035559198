/**
 * What a process and its GENESIS_CLUSTER say to each other: DEALER in the process, ROUTER at the
 * registry port, each message one frame of JSON. Every message may be lost (a ROUTER drops for a
 * stopped peer), so each says a state, and is said again until the other side has seen it.
 */
import { ownBytes } from '../base/own-bytes.ts'
import { productVersion } from '../base/product-version.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Registration, RosterPart } from '../model/roster-entry.ts'
import { wireVersion } from '../model/wire-version.ts'
import type { JsonShape } from '../base/json-shape.ts'
import { boolean, integer, nullable, oneOf, orElse, record, text } from '../base/json-shape.ts'
import {
  entriesWithPorts,
  identity,
  registration,
  rosterChange,
  snapshotPart,
  withPorts,
} from './registration-shape.ts'
import type { SnapshotPart } from './snapshot-parts.ts'
import { maxRegistrationMessageBytes } from '../model/registration-limits.ts'

/**
 * Bytes of what a process says at most, as it is and written anew (`1e15` becomes longer): what
 * GENESIS_CLUSTER tells everybody of it has more around it, and fits one message too.
 */
const maxProcessMessageBytes = maxRegistrationMessageBytes - 64 * 1024

/** How often a process repeats its registration, milliseconds: it is the heartbeat, and heals drops. */
export const registrationIntervalMs = 1_000

/** Up to where somebody has the roster; null: it knows no roster yet. */
export interface SeenRoster {
  readonly history: string | null
  readonly version: number
  /** The highest `kept` that it was told under this history; left out: none. */
  readonly kept?: number
}

export interface RegisterMessage {
  readonly type: 'register'
  /** Counts up from 1 in one life of a process; the answer bears it. */
  readonly id: number
  readonly seen: SeenRoster
  readonly registration: Registration
  /** Hand me a free process port (the place of `registration` has none). */
  readonly wantsPort: boolean
  /** The version of the wire that it speaks; left out: ours. */
  readonly wire?: number
  /** The name of its cluster; left out, or null: any. */
  readonly cluster?: string | null
  /** The version of its package; left out: ours; null: it has not said. */
  readonly version?: string | null
}

/** The answer to `ask`: said at once, before other work. */
export interface HereMessage {
  readonly type: 'here'
  readonly incarnation: string
}

/** `link`: to the node of that publisher; `publisher`: it is to renew its own connections. */
export interface RenewRequest {
  readonly type: 'renew'
  readonly step: 'link' | 'publisher'
  readonly incarnation: string
}

/** Asks for the state of the cluster; needs no registration. */
interface SnapshotRequest {
  readonly type: 'snapshot'
}

export type ProcessMessage = RegisterMessage | HereMessage | RenewRequest | SnapshotRequest

export interface RegisteredMessage {
  readonly type: 'registered'
  /** The registration of this id is in the roster. */
  readonly id: number
  /** As given, or handed out; null for scripts. */
  readonly processPort: number | null
  /** Nodes are linked: mesh processes connect to the export port. */
  readonly linked: boolean
  /** The version of the wire that GENESIS_CLUSTER speaks; left out: ours. */
  readonly wire?: number
}

interface RefusedMessage {
  readonly type: 'refused'
  readonly code: 'NAME_TAKEN' | 'MODE_MISMATCH'
  readonly message: string
}

/**
 * Another process bears the name and has been asked whether it is there, or is leaving: this
 * registration is answered when that is known.
 */
interface WaitMessage {
  readonly type: 'wait'
  /** What is waited for, a sentence. */
  readonly message: string
}

/** Shows whether the connection stands: a ROUTER cannot send on one that has ended. */
interface AskMessage {
  readonly type: 'ask'
  /** Somebody asks for your name: say `here`. */
  readonly answer: boolean
}

export interface RosterMessage extends RosterPart {
  readonly type: 'roster'
  /** One life of the roster: another id means that it began anew without its file. */
  readonly history: string
}

/** To a publisher: renew your connections. */
interface RenewOrder {
  readonly type: 'renew'
}

interface SnapshotMessage extends SnapshotPart {
  readonly type: 'snapshot'
}

export type ClusterMessage =
  | RegisteredMessage
  | RefusedMessage
  | WaitMessage
  | AskMessage
  | RosterMessage
  | RenewOrder
  | SnapshotMessage

const count = integer(0, Number.MAX_SAFE_INTEGER)
const historyId = text(64)

/** Also of what one node has seen of the roster of another. */
export const seenRoster = record<SeenRoster>({
  history: nullable(historyId),
  version: count,
  kept: orElse(0, count),
})

/** What changed, to a process or to another node. */
export const rosterPart = {
  since: count,
  version: count,
  forgottenUpTo: orElse(0, count),
  kept: orElse(0, count),
  change: rosterChange,
  more: orElse(false, boolean),
}

const port = integer(1, 65_535)
const sentence = text(4096)

/** Version 1 did not say it. */
const wire = orElse(1, count)

const processShapes: { [Type in ProcessMessage['type']]: JsonShape<ProcessMessage> } = {
  register: record<RegisterMessage>({
    type: oneOf(['register']),
    id: count,
    seen: seenRoster,
    registration,
    wantsPort: boolean,
    wire,
    cluster: orElse(null, nullable(text(4096))),
    version: orElse(null, nullable(text(64))),
  }),
  here: record<HereMessage>({ type: oneOf(['here']), incarnation: identity }),
  renew: record<RenewRequest>({
    type: oneOf(['renew']),
    step: oneOf(['link', 'publisher']),
    incarnation: identity,
  }),
  snapshot: record<SnapshotRequest>({ type: oneOf(['snapshot']) }),
}

const clusterShapes: { [Type in ClusterMessage['type']]: JsonShape<ClusterMessage> } = {
  registered: record<RegisteredMessage>({
    type: oneOf(['registered']),
    id: count,
    processPort: nullable(port),
    linked: boolean,
    wire,
  }),
  refused: record<RefusedMessage>({
    type: oneOf(['refused']),
    code: oneOf(['NAME_TAKEN', 'MODE_MISMATCH']),
    message: sentence,
  }),
  wait: record<WaitMessage>({ type: oneOf(['wait']), message: sentence }),
  ask: record<AskMessage>({ type: oneOf(['ask']), answer: boolean }),
  roster: record<RosterMessage>({ type: oneOf(['roster']), history: historyId, ...rosterPart }),
  renew: record<RenewOrder>({ type: oneOf(['renew']) }),
  snapshot: record<SnapshotMessage>({ type: oneOf(['snapshot']), ...snapshotPart }),
}

type MessageJson = ReturnType<typeof processJson | typeof clusterJson>

/** @throws TidingsError LIMIT_EXCEEDED where it is longer than `maxProcessMessageBytes`. */
export const encodeProcessMessage = (message: ProcessMessage): Uint8Array =>
  encode(processJson(message), maxProcessMessageBytes)

/** Numbers are at most so many times as long when they are written anew. */
const growth = 2

/** Any bytes give a message or null. */
export function decodeProcessMessage(bytes: Uint8Array): ProcessMessage | null {
  if (bytes.length > maxProcessMessageBytes) return null
  const message = decode(bytes, processShapes)
  if (message === null || bytes.length * growth <= maxProcessMessageBytes) return message
  const written = Buffer.byteLength(JSON.stringify(processJson(message)))
  return written <= maxProcessMessageBytes ? message : null
}

/** @throws TidingsError LIMIT_EXCEEDED where it is longer than `maxRegistrationMessageBytes`. */
export const encodeClusterMessage = (message: ClusterMessage): Uint8Array =>
  encode(clusterJson(message), maxRegistrationMessageBytes)

/** Any bytes give a message or null. */
export const decodeClusterMessage = (bytes: Uint8Array): ClusterMessage | null =>
  decode(bytes, clusterShapes)

const processJson = (message: ProcessMessage) =>
  message.type === 'register'
    ? { ...message, registration: withPorts(message.registration) }
    : message

const clusterJson = (message: ClusterMessage) =>
  message.type === 'roster' ? { ...message, change: entriesWithPorts(message.change) } : message

function encode(message: MessageJson, most: number): Uint8Array {
  const bytes = ownBytes(JSON.stringify({ ...saidBy(message), ...message }))
  if (bytes.length <= most) return bytes
  throw new TidingsError(
    'LIMIT_EXCEEDED',
    `a ${message.type} message of ${bytes.length} bytes is longer than ${most}`,
  )
}

/** Of whom it is. */
function saidBy({ type }: MessageJson): { wire?: number; version?: string } {
  if (type === 'register') return { wire: wireVersion, version: productVersion }
  return type === 'registered' ? { wire: wireVersion } : {}
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode<M>(bytes: Uint8Array, shapes: Readonly<Record<string, JsonShape<M>>>): M | null {
  if (bytes.length > maxRegistrationMessageBytes) return null
  let json: unknown
  try {
    json = JSON.parse(utf8.decode(bytes))
  } catch {
    return null
  }
  const type = (json as { type?: unknown } | null)?.type
  if (typeof type !== 'string' || !Object.hasOwn(shapes, type)) return null
  return shapes[type]?.(json) ?? null
}
