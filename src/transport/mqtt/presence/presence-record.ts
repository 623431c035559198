import type { JsonShape } from '../../../base/json-shape.ts'
import {
  boolean,
  integer,
  joined,
  nullable,
  orElse,
  record,
  text,
} from '../../../base/json-shape.ts'
import type { Registration, RosterEntry } from '../../../model/roster-entry.ts'
import { timelessEntry } from '../../../model/roster-entry.ts'
import { identity, placelessEntry } from '../../../registration/registration-shape.ts'
import type { PresenceTopic } from '../naming/broker-topics.ts'
import { placeField } from './mqtt-place.ts'
import { presenceLimits } from './presence-limits.ts'
import type { RosterDigest } from './roster-digest.ts'

/** Of the records below; who reads another one passes it over. */
const version = 1

/** UTF-16 units: names of clusters, and what names the life of a process. */
const maxTextLength = 512

/** What a process says of itself, or another says of one that has ended. */
export interface PresenceRecord {
  readonly entry: RosterEntry
  /** See `ownLife()`. */
  readonly life: string | null
  /** In answers to "who is there" alone: whom its sender knows to be there; null: it does not know all yet. */
  readonly known: RosterDigest | null
  /** In what others tell of it alone: its connection has ended without a word. */
  readonly isGone: boolean
}

/** What all processes of a cluster have in common. */
export interface ClusterRecord {
  /** The life of the roster: another one means that the broker has lost it, and nobody who knew it was there. */
  readonly history: string
  /** The name of the cluster; empty: any. */
  readonly cluster: string
}

const versionOne = integer(version, version)

const entry: JsonShape<RosterEntry> = joined(placelessEntry, placeField)

const presenceRecord = record<PresenceRecord & { v: number }>({
  v: versionOne,
  entry,
  life: nullable(text(maxTextLength)),
  known: orElse(
    null,
    nullable(
      record<RosterDigest>({ count: integer(0, Number.MAX_SAFE_INTEGER), digest: identity }),
    ),
  ),
  isGone: orElse(false, boolean),
})

const clusterRecord = record<ClusterRecord & { v: number }>({
  v: versionOne,
  history: text(64, /./),
  cluster: text(maxTextLength),
})

/** What others are told of a process: not what `mon` alone reads. */
export function entryOf(registration: Registration): RosterEntry {
  const { connections: _connections, sequences: _sequences, health: _, ...rest } = registration
  return rest
}

export const encodePresence = (said: PresenceRecord): Buffer =>
  Buffer.from(JSON.stringify({ v: version, ...said }))

/** null: it is none. */
function decodePresence(payload: Buffer): PresenceRecord | null {
  const read = presenceRecord(parsedJson(payload))
  if (!read) return null
  const { v: _, ...said } = read
  return said.entry.endedMsAgo === 0 ? { ...said, entry: timelessEntry(said.entry) } : said
}

/** What a message on a topic of presence says of its process; null: it says nothing, or something else than its topic. */
export function readPresenceRecord(
  { kind, incarnation }: PresenceTopic,
  payload: Buffer,
): PresenceRecord | null {
  const said = payload.length === 0 ? null : decodePresence(payload)
  if (said?.entry.incarnation !== incarnation || said.entry.state === 'gone') return null
  const isEnd = said.entry.state === 'ended'
  return kind === 'told' || isEnd === (kind === 'ended') ? said : null
}

/**
 * One that the broker kept, and would have kept for `expiryMs` yet (null: it does not say): of an end this says how long ago it
 * was. It counts whole seconds, and rounds them as it likes.
 */
export function agedRecord(said: PresenceRecord, expiryMs: number | null): PresenceRecord {
  if (said.entry.state !== 'ended' || expiryMs === null) return said
  const agoMs = Math.max(0, presenceLimits.endedExpiryMs - expiryMs - 1_000)
  return agoMs > 0 ? { ...said, entry: { ...said.entry, endedMsAgo: agoMs } } : said
}

export const encodeCluster = (said: ClusterRecord): Buffer =>
  Buffer.from(JSON.stringify({ v: version, ...said }))

export function decodeCluster(payload: Buffer): ClusterRecord | null {
  const read = clusterRecord(parsedJson(payload))
  return read ? { history: read.history, cluster: read.cluster } : null
}

/** undefined: it is no JSON. */
export function parsedJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    return undefined
  }
}
