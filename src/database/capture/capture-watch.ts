import { TidingsError } from '../../base/tidings-error.ts'
import { processOnNode } from '../../model/publisher-identity.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import { queueTableOf } from '../changed-table.ts'
import type { TellCapture } from './capture-event.ts'
import type { CaptureLimits } from './capture-limits.ts'
import type { CapturePublisher } from './capture-publisher.ts'
import { publishedTables, readSlot } from './capture-slot.ts'
import { readEntries, type TableEntry } from './captured-tables.ts'
import type { ConfirmedPosition } from './confirmed-position.ts'
import type { TableReader } from './table-reader.ts'
import { readVisible } from './visible-transactions.ts'
import type { ControlConnection } from './control-connection.ts'

export interface WatchParts {
  readonly limits: CaptureLimits
  readonly control: ControlConnection
  readonly queue: UpdateQueue
  readonly publisher: CapturePublisher
  readonly confirmed: ConfirmedPosition
  readonly tables: TableReader
  readonly slot: string
  readonly tell: TellCapture
}

/** From so much on somebody is told what the slot keeps, and again each time when it has doubled. */
const tellFromBytes = 1024 ** 3

/** Looks now and then at what the stream does not tell: tables that were altered, and how much of the log is kept for us. */
export class CaptureWatch {
  readonly #parts: WatchParts
  #entries: readonly TableEntry[]
  #toldBytes = tellFromBytes / 2
  #isStalled = false
  /** Tables to be told again when all transactions below this number have ended. */
  #again: { readonly tables: readonly string[]; readonly boundary: bigint } | null = null

  constructor(parts: WatchParts, entries: readonly TableEntry[]) {
    this.#parts = parts
    this.#entries = entries
  }

  /**
   * These tables are published as of now. What a transaction changed in them that runs now, the stream does not have: when
   * all that run have ended they are told as resets again.
   */
  async tellAgain(tables: readonly string[]): Promise<void> {
    this.#again = { tables, boundary: (await readVisible(this.#parts.control)).to }
  }

  /** How many bytes of the log the database keeps for the slot. */
  async look(): Promise<number> {
    await this.#lookAtTransactions()
    await this.#lookAtTables()
    await this.#lookAtSubscribers()
    return this.#lookAtSlot()
  }

  async #lookAtTransactions(): Promise<void> {
    if (!this.#again || (await readVisible(this.#parts.control)).from < this.#again.boundary) return
    this.#parts.publisher.reset(this.#again.tables, 'transactions had begun before it was captured')
    this.#again = null
  }

  async #lookAtTables(): Promise<void> {
    const { control, publisher, slot, tables, tell } = this.#parts
    // Asked first: a table that is dropped in between is found by its entry, which then is gone.
    const published = await publishedTables(control, slot)
    const now = await readEntries(
      control,
      this.#entries.map(({ oid }) => oid),
    )
    const shapes = new Map(now.map((entry) => [entry.oid, entry]))
    for (const entry of this.#entries) {
      const { shape } = shapes.get(entry.oid) ?? { shape: null }
      if (shape === entry.shape) continue
      if (shape === null)
        tell(
          'warning',
          `the table ${queueTableOf(entry)} is gone: it is captured no longer; start the capture again when there is a new one`,
        )
      tables.forget(entry)
      publisher.reset(
        [queueTableOf(entry)],
        shape === null ? 'the table was dropped' : 'the table was altered',
      )
    }
    this.#entries = now
    const takenOut = now.filter(({ oid }) => !published?.includes(oid)).map(queueTableOf)
    if (takenOut.length === 0) return
    publisher.reset(takenOut, 'it was taken out of the publication')
    // The next connection puts it back where it is named, and tells of it again.
    throw new TidingsError(
      'DATABASE_FAILED',
      `${takenOut.join(', ')} was taken out of the publication ${slot}`,
    )
  }

  async #lookAtSubscribers(): Promise<void> {
    const { confirmed, limits, queue, tell } = this.#parts
    const isStalled = confirmed.stalledMs > limits.subscriberWaitsMs
    if (isStalled && !this.#isStalled) {
      const { missing } = await queue.flush({ drainMs: 0 })
      const names = missing.map(processOnNode)
      if (names.length === 0) return
      tell(
        'warning',
        `${names.join(', ')} confirmed nothing for ${limits.subscriberWaitsMs / 1000} s: the database keeps its log until then`,
      )
    }
    if (!isStalled && this.#isStalled) tell('note', 'what was published is confirmed again')
    this.#isStalled = isStalled
  }

  async #lookAtSlot(): Promise<number> {
    const { control, slot, tell } = this.#parts
    const state = await readSlot(control, slot)
    if (!state) throw new TidingsError('DATABASE_FAILED', `the slot ${slot} was dropped`)
    const { retainedBytes } = state
    if (retainedBytes >= this.#toldBytes * 2) {
      this.#toldBytes = retainedBytes
      tell(
        'warning',
        `the database keeps ${sizeText(retainedBytes)} of its log for the slot ${slot}`,
      )
    } else if (retainedBytes < tellFromBytes / 2) this.#toldBytes = tellFromBytes / 2
    return retainedBytes
  }
}

/** Bytes for people: `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1)
  const value = bytes / 1024 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}
