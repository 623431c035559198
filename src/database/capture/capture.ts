import { inBackground } from '../../base/background.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { asTidingsError, TidingsError } from '../../base/tidings-error.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import { requireCapture } from './capture-check.ts'
import { connectClient, type DatabaseAddress, messageOf } from '../pg-client.ts'
import { queueTableOf } from '../changed-table.ts'
import type { CaptureEvent, TellCapture } from './capture-event.ts'
import type { CaptureLimits } from './capture-limits.ts'
import { CapturePublisher } from './capture-publisher.ts'
import { CaptureSession } from './capture-session.ts'
import { dropSlot } from './capture-slot.ts'
import { CaptureWatch, sizeText } from './capture-watch.ts'
import { tablesToCapture } from './capture-operations.ts'
import type { TableEntry } from './captured-tables.ts'
import { ConfirmedPosition } from './confirmed-position.ts'
import type { ReplicationStream } from './replication-stream.ts'
import { SlotAcquisition } from './slot-acquisition.ts'
import { TableReader } from './table-reader.ts'
import { ControlConnection } from './control-connection.ts'

export interface CaptureOptions {
  readonly address: DatabaseAddress
  /** The name of the replication slot, and of the publication. */
  readonly slot: string
  /** Named as in SQL; null: those of the publication. */
  readonly tables: readonly string[] | null
  /** Opens the queue that it publishes in; called when it has the slot. */
  readonly open: (tables: readonly string[], signal: AbortSignal) => Promise<UpdateQueue>
  /** Bytes of the log that the database may keep for the slot; null: as many as it takes. */
  readonly giveUpAtBytes: number | null
  readonly on: (event: CaptureEvent) => void
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly limits: CaptureLimits
}

/**
 * Publishes what commits in the tables, until the signal aborts. Another capture of the slot is waited for; a connection
 * that is lost later is made again. Throws what keeps it from beginning: DATABASE_UNREACHABLE, DATABASE_REFUSED, USAGE
 * for tables that there are not, and what opening the queue throws; later what ends the queue.
 */
export async function capture(options: CaptureOptions): Promise<void> {
  await new Capture(options).run()
}

/** The slot keeps more of the log than it may. */
class GaveUp extends Error {}

/** Another connection may do better. What else this product throws has to be seen to. */
function isOfConnection(error: unknown): boolean {
  const told = asTidingsError(error)
  return told === null || told.code === 'DATABASE_UNREACHABLE' || told.code === 'DATABASE_FAILED'
}

/** What is opened once, for all connections. */
interface Output {
  readonly queue: UpdateQueue
  readonly publisher: CapturePublisher
  confirmed: ConfirmedPosition
}

/** What belongs to one connection. */
interface Stay {
  readonly control: ControlConnection
  readonly entries: readonly TableEntry[]
  readonly tables: TableReader
  readonly session: CaptureSession
}

/** A flush waits for as long as there may be: until all have confirmed. */
const flushMs = 3_600_000

class Capture {
  readonly #options: CaptureOptions
  #output: Output | null = null
  /** What ended the queue: then nothing is waited for any more. */
  #failure: TidingsError | null = null
  readonly #failed = new AbortController()
  #session: CaptureSession | null = null
  #history: string | null = null
  /** Why all tables are to be read again as soon as the stream stands; null: they need not. */
  #resetReason: string | null = null
  /** Of its tables in the queue. */
  #names: readonly string[] = []
  #hasBegun = false
  #failures = 0

  constructor(options: CaptureOptions) {
    this.#options = options
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    const stop = (): void => this.#session?.stop()
    signal.addEventListener('abort', stop)
    try {
      while (!signal.aborted) {
        const error = await this.#stay()
        if (error && !signal.aborted) await this.#rest(error)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', stop)
      await this.#close()
    }
  }

  readonly #tell: TellCapture = (type, message) => this.#options.on({ type, message })

  async #rest(error: Error): Promise<void> {
    if (this.#failure) throw this.#failure
    const { limits, signal } = this.#options
    const pauseMs = Math.min(limits.retryMs * 2 ** this.#failures, limits.longestRetryMs)
    this.#failures += 1
    this.#tell('warning', `${messageOf(error)}; connects again in ${pauseMs / 1000} s`)
    await pause(pauseMs, signal)
  }

  /** Until the connection has ended: with the error that ended it; null: it goes on at once, or is to end. */
  async #stay(): Promise<Error | null> {
    const { address, limits, slot } = this.#options
    let end: (error: Error) => void = () => undefined
    let control: ControlConnection | null = null
    try {
      control = new ControlConnection(
        await connectClient({ ...address, application_name: slot }, (error) => end(error)),
      )
      const entries = await tablesToCapture(control, slot, this.#options.tables)
      this.#names = entries.map(queueTableOf)
      if (!this.#hasBegun) await requireCapture(control, slot, entries)
      this.#hasBegun = true
      const tables = await TableReader.open(control)
      const session = new CaptureSession({ limits, control, tables, tell: this.#tell })
      this.#session = session
      end = session.onEnd
      return await this.#capture({ control, entries, tables, session })
    } catch (error) {
      if (this.#failure) throw this.#failure
      if (isOfConnection(error) && this.#hasBegun) return error as Error
      throw (
        asTidingsError(error) ??
        new TidingsError('DATABASE_FAILED', `the database says: ${messageOf(error)}`, {
          cause: error,
        })
      )
    } finally {
      this.#session = null
      await control?.end().catch(() => undefined)
    }
  }

  async #capture(stay: Stay): Promise<Error | null> {
    const { address, clock, limits, slot } = this.#options
    const { control, entries, session } = stay
    const signal = AbortSignal.any([this.#options.signal, this.#failed.signal])
    const acquisition = new SlotAcquisition({
      address,
      control,
      clock,
      limits,
      slot,
      entries,
      signal,
      tell: this.#tell,
      beforeCreation: async () => {
        await this.#open()
      },
      onBlind: (reason) => this.#output?.publisher.reset(this.#names, reason),
      onCreated: (reason) => {
        this.#resetReason ??= reason
      },
    })
    // The making of a slot waits for transactions of others: the end does not.
    const leave = (): void => inBackground(control.end(), () => undefined)
    signal.addEventListener('abort', leave)
    const stream = await acquisition.stream(session)
    signal.removeEventListener('abort', leave)
    if (!stream) return this.#failure
    session.begin(stream)
    let error: Error | null
    try {
      const output = await this.#open()
      this.#compareHistory(output, stream.history)
      const added = await acquisition.publishTables()
      const isAll = this.#resetReason !== null
      this.#ready(output, added, acquisition.position)
      error = await this.#publish(output, stay, stream, isAll ? [] : added)
    } finally {
      await stream.close().catch(() => undefined)
    }
    if (this.#failure) throw this.#failure
    if (!(error instanceof GaveUp)) return error
    this.#tell('warning', error.message)
    await dropSlot(control, slot)
    this.#resetReason = error.message
    return null
  }

  /** The queue is opened by who has the slot, or is about to make it: who waits has no name in the cluster. */
  async #open(): Promise<Output> {
    if (this.#output) return this.#output
    const { clock, open, signal } = this.#options
    const queue = await open(this.#names, signal)
    inBackground(
      queue.closed.then((failure) => {
        this.#failure = failure ?? null
        if (!failure) return
        this.#session?.onEnd(failure)
        this.#failed.abort()
      }),
      () => undefined,
    )
    const confirmed = new ConfirmedPosition(() => queue.flush({ drainMs: flushMs }), clock)
    this.#output = { queue, publisher: new CapturePublisher(queue, this.#tell), confirmed }
    return this.#output
  }

  /** Positions of another history say nothing beside those of before: commits may have been lost with it. */
  #compareHistory(output: Output, history: string): void {
    const before = this.#history
    this.#history = history
    if (before === null || before === history) return
    const { queue } = output
    output.publisher.startAnew()
    output.confirmed = new ConfirmedPosition(
      () => queue.flush({ drainMs: flushMs }),
      this.#options.clock,
    )
    this.#resetReason =
      'the database goes on from another point of its history (failover or restore)'
  }

  #ready({ publisher }: Output, added: readonly TableEntry[], position: string): void {
    if (this.#resetReason !== null) publisher.reset(this.#names, this.#resetReason)
    else if (added.length > 0)
      publisher.reset(added.map(queueTableOf), 'its changes are captured from here on')
    this.#resetReason = null
    this.#failures = 0
    this.#tell('ready', `at ${position}: ${this.#names.join(', ')}`)
  }

  async #publish(
    output: Output,
    { control, entries, session, tables }: Stay,
    stream: ReplicationStream,
    added: readonly TableEntry[],
  ): Promise<Error | null> {
    const { limits, signal, slot } = this.#options
    const watch = new CaptureWatch(
      { ...output, limits, control, tables, slot, tell: this.#tell },
      entries,
    )
    if (added.length > 0) await watch.tellAgain(added.map(queueTableOf))
    const ended = new AbortController()
    const watching = this.#watch(watch, session, ended.signal)
    const error = await session.run(output)
    ended.abort()
    await watching
    if (signal.aborted) {
      await output.confirmed.settle(limits.drainMs)
      stream.confirm(output.confirmed.position)
    }
    return error
  }

  /** Ends the session where something is wrong, or where it is to give up. */
  async #watch(watch: CaptureWatch, session: CaptureSession, signal: AbortSignal): Promise<void> {
    const { giveUpAtBytes, limits } = this.#options
    try {
      for (;;) {
        await pause(limits.lookMs, signal)
        if (signal.aborted) return
        const retainedBytes = await watch.look()
        if (giveUpAtBytes !== null && retainedBytes > giveUpAtBytes)
          return session.onEnd(
            new GaveUp(
              `the database kept ${sizeText(retainedBytes)} of its log, and the capture gave up what was not confirmed (--give-up-at)`,
            ),
          )
      }
    } catch (error) {
      session.onEnd(error as Error)
    }
  }

  async #close(): Promise<void> {
    if (!this.#output) return
    const { publisher, queue } = this.#output
    if (this.#resetReason !== null && !this.#failure)
      publisher.reset(this.#names, this.#resetReason)
    const end = new AbortController()
    const drained = queue.drain({ signal: end.signal })
    await Promise.race([drained, pause(this.#options.limits.drainMs, end.signal)])
    end.abort()
    await drained
  }
}
