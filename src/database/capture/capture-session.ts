import { every, pause, type Timer } from '../../base/clock.ts'
import { ArrivedChanges } from './arrived-changes.ts'
import type { TellCapture } from './capture-event.ts'
import type { CaptureLimits } from './capture-limits.ts'
import type { CapturePublisher } from './capture-publisher.ts'
import type { ConfirmedPosition } from './confirmed-position.ts'
import type { OutputMessage } from './pgoutput.ts'
import type { ReplicationStream } from './replication-stream.ts'
import type { TableReader } from './table-reader.ts'
import { type CapturedTransaction, TransactionAssembly } from './transaction-assembly.ts'
import { readVisible, VisibleTransactions } from './visible-transactions.ts'
import type { ControlConnection } from './control-connection.ts'

export interface SessionParts {
  readonly limits: CaptureLimits
  /** For questions beside the stream. */
  readonly control: ControlConnection
  readonly tables: TableReader
  readonly tell: TellCapture
}

/** Where what comes goes, and how far that is confirmed. It outlives a connection. */
export interface CaptureOutput {
  readonly publisher: CapturePublisher
  readonly confirmed: ConfirmedPosition
}

/** From one connection to the next: takes what the stream brings, publishes it, and confirms what is confirmed. */
export class CaptureSession {
  readonly #parts: SessionParts
  readonly #assembly: TransactionAssembly
  readonly #arrivals = new ArrivedChanges()
  readonly #ended = Promise.withResolvers<Error | null>()
  #stream: ReplicationStream | null = null
  #output: CaptureOutput | null = null
  #isPaused = false
  #isEnded = false
  #visible = new VisibleTransactions('0:0:')
  #timer: Timer | null = null

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#assembly = new TransactionAssembly(parts.limits.maxTransactionBytes)
  }

  readonly onOutput = (message: OutputMessage, bytes: number): void => {
    const transaction = this.#assembly.add(message, bytes)
    if (transaction) this.#arrivals.addTransaction(transaction)
    if (!this.#isPaused && this.#arrivals.bytes > this.#parts.limits.maxArrivedBytes) {
      this.#isPaused = true
      this.#stream?.pause()
    }
  }

  readonly onPosition = (position: bigint): void => {
    if (!this.#assembly.isWithin) this.#arrivals.addPosition(position)
  }

  readonly onEnd = (error: Error | null): void => {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#timer?.cancel()
    this.#arrivals.end()
    this.#ended.resolve(error)
  }

  /** What has come and is not published is left to the next one. */
  stop(): void {
    this.onEnd(null)
  }

  /** From now on the database hears of us. What comes waits until `run()` publishes it. */
  begin(stream: ReplicationStream): void {
    this.#stream = stream
    if (!this.#isEnded) this.#timer = every(this.#parts.limits.reportMs, () => this.#report())
  }

  /** Until the stream has ended or `onEnd()` was called: with its error, or null where it was closed. */
  async run(output: CaptureOutput): Promise<Error | null> {
    this.#output = output
    try {
      await this.#publishAll(output)
    } catch (error) {
      this.onEnd(error as Error)
    }
    return this.#ended.promise
  }

  #report(): void {
    const confirmed = this.#output?.confirmed
    confirmed?.mark()
    if (confirmed) this.#stream?.confirm(confirmed.position)
    this.#stream?.report()
  }

  async #publishAll(output: CaptureOutput): Promise<void> {
    for (;;) {
      const arrival = await this.#arrivals.first()
      if (!arrival) return
      if ('position' in arrival) output.confirmed.passed(arrival.position)
      else {
        await this.#untilVisible(arrival)
        await this.#untilRoom(output)
        if (this.#isEnded) return
        await this.#publish(arrival, output)
      }
      this.#arrivals.shift()
      this.#resume()
    }
  }

  async #publish(
    transaction: CapturedTransaction,
    { publisher, confirmed }: CaptureOutput,
  ): Promise<void> {
    const { endPosition, bytes } = transaction
    const isNews = await publisher.publish(transaction, this.#parts.tables)
    if (isNews) confirmed.published(endPosition, bytes)
    else confirmed.passed(endPosition)
  }

  #resume(): void {
    if (!this.#isPaused || this.#arrivals.bytes > this.#parts.limits.maxArrivedBytes / 2) return
    this.#isPaused = false
    this.#stream?.resume()
  }

  /** Each answer counts for all that came before it was asked for. */
  async #untilVisible({ transaction }: CapturedTransaction): Promise<void> {
    let pauseMs = 0
    let isTold = false
    while (!this.#visible.has(transaction) && !this.#isEnded) {
      if (pauseMs > 0) await pause(pauseMs)
      if (pauseMs >= longestPauseMs && !isTold) {
        isTold = true
        this.#parts.tell(
          'waiting',
          `a commit is in the log and not visible yet, as where it waits for a synchronous standby: transaction ${transaction}`,
        )
      }
      pauseMs = Math.min(pauseMs * 2 + 1, longestPauseMs)
      this.#visible = await readVisible(this.#parts.control)
    }
  }

  /** A subscriber that is slow slows down what is published; one that stands still does not. */
  async #untilRoom({ confirmed }: CaptureOutput): Promise<void> {
    const { limits } = this.#parts
    while (
      !this.#isEnded &&
      confirmed.unconfirmedBytes > limits.maxUnconfirmedBytes &&
      confirmed.stalledMs < limits.subscriberWaitsMs
    ) {
      confirmed.mark()
      await confirmed.changedWithin(roomAskMs)
    }
  }
}

/** How long a transaction that is not visible yet is asked for again at most, milliseconds. */
const longestPauseMs = 100

const roomAskMs = 100
