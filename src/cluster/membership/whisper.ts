import { ownBytes } from '../../base/own-bytes.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { RosterPart } from '../../model/roster-entry.ts'
import type { JsonShape } from '../../base/json-shape.ts'
import { boolean, oneOf, record, text } from '../../base/json-shape.ts'
import type { SeenRoster } from '../../registration/registration-message.ts'
import { rosterPart, seenRoster } from '../../registration/registration-message.ts'
import { maxRegistrationMessageBytes } from '../../model/registration-limits.ts'
import { entriesWithPorts, identity, snapshotPart } from '../../registration/registration-shape.ts'
import type { SnapshotPart } from '../../registration/snapshot-parts.ts'

/** Up to where the sender has the receiver's roster: asks for what came after. */
export interface SeenWhisper {
  readonly type: 'seen'
  readonly seen: SeenRoster
}

/** What changed among the sender's own processes after version `since`. */
export interface RosterWhisper extends RosterPart {
  readonly type: 'roster'
  readonly history: string
}

/** Tell your process of this incarnation to renew its connections. */
interface RenewWhisper {
  readonly type: 'renew'
  readonly incarnation: string
}

interface AskSnapshotWhisper {
  readonly type: 'ask-snapshot'
}

/** The sender's own node, for people. */
interface SnapshotWhisper extends SnapshotPart {
  readonly type: 'snapshot'
}

/** What GENESIS_CLUSTER processes say to each other in a WHISPER: one frame of JSON. */
export type Whisper =
  SeenWhisper | RosterWhisper | RenewWhisper | AskSnapshotWhisper | SnapshotWhisper

const historyId = text(64)

const shapes: { [Type in Whisper['type']]: JsonShape<Whisper> } = {
  seen: record<SeenWhisper>({
    type: oneOf(['seen']),
    seen: seenRoster,
  }),
  roster: record<RosterWhisper>({
    type: oneOf(['roster']),
    history: historyId,
    ...rosterPart,
    more: boolean,
  }),
  renew: record<RenewWhisper>({ type: oneOf(['renew']), incarnation: identity }),
  'ask-snapshot': record<AskSnapshotWhisper>({ type: oneOf(['ask-snapshot']) }),
  snapshot: record<SnapshotWhisper>({ type: oneOf(['snapshot']), ...snapshotPart }),
}

/** Bytes of one whisper at most: as a registration message, which carries the same. */
export const maxWhisperBytes = maxRegistrationMessageBytes

/**
 * A longer one would end the connection, and the one after it too.
 * @throws TidingsError LIMIT_EXCEEDED where it is longer than `maxWhisperBytes`.
 */
export function encodeWhisper(whisper: Whisper): Uint8Array {
  const json =
    whisper.type === 'roster' ? { ...whisper, change: entriesWithPorts(whisper.change) } : whisper
  const bytes = ownBytes(JSON.stringify(json))
  if (bytes.length <= maxWhisperBytes) return bytes
  throw new TidingsError(
    'LIMIT_EXCEEDED',
    `a whisper ${whisper.type} of ${bytes.length} bytes is longer than ${maxWhisperBytes}`,
  )
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Any bytes give a whisper or null. */
export function decodeWhisper(bytes: Uint8Array): Whisper | null {
  if (bytes.length > maxWhisperBytes) return null
  try {
    const json: unknown = JSON.parse(utf8.decode(bytes))
    const type = (json as { type?: unknown } | null)?.type
    if (typeof type !== 'string' || !Object.hasOwn(shapes, type)) return null
    return shapes[type as Whisper['type']](json) ?? null
  } catch {
    return null
  }
}
