import type { MessagePort } from 'node:worker_threads'
import { type ErrorCode, TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../../model/roster-entry.ts'
import type { Hop } from '../../model/hop.ts'
import type { TransportEvent } from '../transport.ts'
import type { ZeroMQChoice } from '../zeromq/connections/load-transport.ts'
import type { PackedFrames } from './packed-frames.ts'

/** Of what is said between the threads: both sides are of one version of the package, or do not talk. */
export const threadProtocol = 2

/** From a worker to the main thread: a port over which one transport is asked for. */
export interface HostRequest {
  readonly tidings: 'host a transport'
  readonly protocol: typeof threadProtocol
  readonly choice: ZeroMQChoice
  readonly port: MessagePort
}

interface ToldError {
  readonly code: ErrorCode
  readonly text: string
}

/** What bears frames; the other side says `taken` when it has worked on their bytes. */
export type FramesMessage = {
  readonly type: 'down' | 'up'
  readonly packed: PackedFrames
}

export interface ThreadRosterMessage {
  readonly type: 'roster'
  readonly change: RosterChange
  /** Of each of its entries, what can be made anew between it and us. */
  readonly hops: readonly (readonly Hop[])[]
  readonly bytes: number
}

type TakenMessage = { readonly type: 'taken'; readonly bytes: number }

export type WorkerMessage =
  | FramesMessage
  | TakenMessage
  | { readonly type: 'open' | 'register'; readonly registration: Registration }
  | { readonly type: 'subscribe' | 'unsubscribe'; readonly prefix: string }
  | { readonly type: 'renew'; readonly hop: Hop; readonly incarnation: string }
  | { readonly type: 'abort' }
  | { readonly type: 'close'; readonly lingerMs: number }

export type HostMessage =
  | FramesMessage
  | TakenMessage
  | { readonly type: 'accepted' | 'reconnected' | 'closed' }
  | { readonly type: 'shared-hop'; readonly stands: boolean }
  | {
      readonly type: 'opened'
      readonly registration: Registration
      readonly port: number | null
      /** What can be made anew on the way from whoever is not on the roster. */
      readonly hopsToStrangers: readonly Hop[]
    }
  | { readonly type: 'registered'; readonly registration: Registration }
  | ThreadRosterMessage
  | {
      readonly type: 'event'
      readonly event: TransportEvent
      readonly connections: ConnectionCounts
    }
  | { readonly type: 'failed'; readonly error: ToldError }

/** An error does not keep its class on the way to another thread. */
export function tellError(error: TidingsError): ToldError {
  const suffix = ` [${error.code}]`
  const { code, message } = error
  const text = message.endsWith(suffix) ? message.slice(0, -suffix.length) : message
  return { code, text }
}

export const toldError = ({ code, text }: ToldError): TidingsError => new TidingsError(code, text)
