import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Client } from 'pg'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import { connectClient, type DatabaseAddress } from '../pg-client.ts'
import { type OutputMessage, readOutput } from './pgoutput.ts'
import { nothingConfirmed, readServerMessage, standbyStatus } from './replication-messages.ts'

/** What we use of the connection of a client of pg, which has no types for it. */
interface CopyConnection extends EventEmitter {
  readonly stream: Duplex
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

/** What comes, in its order. */
export interface StreamHandlers {
  onOutput(message: OutputMessage, bytes: number): void
  /** All that was written before this position has come. */
  onPosition(position: bigint): void
  /** It has ended: with the error that ended it, or because it was closed. */
  onEnd(error: Error | null): void
}

export interface StreamOptions {
  readonly slot: string
  readonly publication: string
  /** The server ends the connection, and lets another one have the slot, when it has heard nothing for so long. */
  readonly serverWaitsMs: number
  readonly clock: Pick<Clock, 'wallClock'>
}

/**
 * A logical replication stream on a connection of pg: one slot, one publication, pgoutput. Nothing is confirmed by
 * itself: the server keeps and sends again whatever `confirm()` has not named. There are packages for this;
 * the one that is kept well (pg-logical-replication 2.5) confirms what its user has not.
 */
export class ReplicationStream {
  readonly #client: Client
  readonly #connection: CopyConnection
  readonly #handlers: StreamHandlers
  readonly #clock: StreamOptions['clock']
  #received = 0n
  #confirmed = 0n
  /** What of it the server was told. */
  #reported = 0n
  #hasEnded = false
  #history = ''

  private constructor(client: Client, clock: StreamOptions['clock'], handlers: StreamHandlers) {
    this.#client = client
    this.#clock = clock
    this.#connection = (client as unknown as { readonly connection: CopyConnection }).connection
    this.#handlers = handlers
  }

  /**
   * Begins where the slot was confirmed. Throws DATABASE_UNREACHABLE, or the error of PostgreSQL: 55006 where the slot
   * is in use.
   */
  static async start(
    address: DatabaseAddress,
    { slot, publication, serverWaitsMs, clock }: StreamOptions,
    handlers: StreamHandlers,
  ): Promise<ReplicationStream> {
    let end: (error: Error) => void = () => undefined
    const client = await connectClient(
      { ...address, replication: 'database', application_name: slot },
      (error) => end(error),
    )
    const stream = new ReplicationStream(client, clock, handlers)
    end = (error) => stream.#end(error)
    client.on('end', () => stream.#end(new Error('the connection was closed')))
    try {
      // Values come as text: as those of a SELECT are written by default, whatever the database or the role is set to.
      await client.query(
        `set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1; set wal_sender_timeout = ${serverWaitsMs}`,
      )
      await stream.#begin(slot, publication)
    } catch (error) {
      stream.#hasEnded = true
      await client.end()
      throw error
    }
    return stream
  }

  /** Names the database cluster and its timeline: positions of another one cannot be compared with these. */
  get history(): string {
    return this.#history
  }

  async #begin(slot: string, publication: string): Promise<void> {
    const { rows } = await this.#client.query<{
      readonly systemid: string
      readonly timeline: number
    }>('IDENTIFY_SYSTEM')
    this.#history = `${rows[0]?.systemid}/${rows[0]?.timeline}`
    const connection = this.#connection
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    connection.on('replicationStart', resolve)
    connection.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => this.#take(chunk))
    // Settles when the stream ends.
    this.#client
      .query(
        `START_REPLICATION SLOT ${quoteName(slot)} LOGICAL 0/0 (proto_version '1', publication_names ${quoteText(quoteName(publication))})`,
      )
      .then(
        () => this.#end(new Error('the server has ended the stream')),
        (error: Error) => {
          reject(error)
          this.#end(error)
        },
      )
    await promise
  }

  /** The server sends no more until `resume()`; what has come already is given all the same. */
  pause(): void {
    this.#connection.stream.pause()
  }

  resume(): void {
    this.#connection.stream.resume()
  }

  /** All before `position` need not be sent again, ever. Says it with the next `report()`. */
  confirm(position: bigint): void {
    if (position > this.#confirmed) this.#confirmed = position
  }

  /** Tells the server that we are there, and what is confirmed; it answers how far it has read. */
  report(): void {
    if (!this.#hasEnded) this.#report(true)
  }

  /** Says what is confirmed, and ends in good order: the slot is free when this resolves. */
  async close(): Promise<void> {
    if (!this.#hasEnded) {
      this.#hasEnded = true
      this.#report(false)
      this.#connection.stream.resume()
      this.#connection.endCopyFrom()
      this.#handlers.onEnd(null)
    }
    await this.#client.end()
  }

  /**
   * The last word confirms nothing: a server that shuts down waits until what was confirmed last is all that it has
   * sent, for ever where a subscriber stands still. Of who confirms nothing it waits only until all has come.
   */
  #report(asks: boolean): void {
    if (this.#confirmed > this.#reported) this.#send(this.#confirmed, false)
    this.#reported = this.#confirmed
    this.#send(nothingConfirmed, asks)
  }

  #send(confirmed: bigint, asks: boolean): void {
    const received = this.#received > confirmed ? this.#received : confirmed
    const now = this.#clock.wallClock()
    this.#connection.sendCopyFromChunk(standbyStatus(received, confirmed, now, asks))
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return
    try {
      const message = readServerMessage(chunk)
      if (message.type === 'data') {
        const output = readOutput(message.payload)
        if (output.type === 'commit') this.#received = output.endPosition
        this.#handlers.onOutput(output, message.payload.length)
        return
      }
      if (message.position > this.#received) this.#received = message.position
      this.#handlers.onPosition(message.position)
      if (message.wantsAnswer) this.#report(false)
    } catch (error) {
      this.#end(error as Error)
    }
  }

  #end(error: Error): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#handlers.onEnd(error)
    inBackground(this.#client.end(), () => undefined)
  }
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
