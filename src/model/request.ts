import type { TableSequence } from './message.ts'

/** The tables of a subscription; '*' is all tables. */
export type Tables = readonly string[] | '*'

/** Asks publishers for a vector on the reply topic and a mark on each update topic. */
export interface SyncRequest {
  readonly kind: 'sync'
  /** The asking process: its incarnation, 32 hexadecimal digits. */
  readonly subscriber: string
  /** From 1, never used twice by one subscriber. */
  readonly nonce: number
  /** How far back, in milliseconds, the vector is to say where each stream stood. */
  readonly sinceMs: number
  /** All tables of the subscription: the vector covers them. */
  readonly tables: Tables
  /** The tables whose topics want a mark; '*' is the topic of "all tables". */
  readonly marks: Tables
  /** The publishers meant; null: all. */
  readonly incarnations: readonly string[] | null
}

/** Asks the owner of a stream to send a range again. */
export interface ReplayRequest {
  readonly kind: 'replay'
  readonly subscriber: string
  readonly nonce: number
  readonly incarnation: string
  readonly table: string
  readonly from: number
  readonly to: number
}

/** Tells a publisher up to where a subscriber has delivered or reported. */
export interface ConfirmRequest {
  readonly kind: 'confirm'
  readonly subscriber: string
  readonly incarnation: string
  readonly streams: readonly TableSequence[]
}

/** The publishers that a request is for, by incarnation; null: all. */
export const addresseesOf = (request: Request): readonly string[] | null =>
  request.kind === 'sync' ? request.incarnations : [request.incarnation]

/** Everything that travels from a subscriber up to the publishers. */
export type Request = SyncRequest | ReplayRequest | ConfirmRequest
