import { assert } from '../../base/assertion.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { UpdateKind } from '../../model/update.ts'
import { DictionaryChoice } from './dictionary-choice.ts'
import { SealedRows } from './encoded-rows.ts'
import type { EncodedRows } from './encoded-rows.ts'
import { refusedField } from './cannot-travel.ts'
import { recordText } from './mixed-text.ts'
import { textOf } from './field-value.ts'
import { wireLimits } from '../limits.ts'
import { hasBefore, hasVersion, kindCode } from './payload.ts'
import { DictionaryFull, encodeRow } from './row-encoder.ts'
import type { RowEncoder } from './row-encoder-code.ts'
import { checkUpdate, fieldsOf } from './row-update.ts'
import type { FieldsOf, RowUpdate } from './row-update.ts'
import { Segment } from './segment.ts'
import { WriterShape } from './writer-shape.ts'
import type { FieldValues } from './writer-shape.ts'

/** A place in what a writer has taken since the last `take()`. */
export interface RowMark {
  readonly takes: number
  readonly closed: number
  readonly closedUpdates: number
  readonly closedBytes: number
  readonly rows: number
  readonly updates: number
  readonly versions: number
}

/**
 * Encodes the updates of one table as they are published. They gather in segments; each segment
 * becomes one batch. A segment is closed when it holds `batchBytes`, or when an update does not fit
 * its shape: the shape widens then and stays wide.
 */
export class RowWriter {
  private readonly batchBytes: number
  private readonly shape = new WriterShape()
  private readonly choice = new DictionaryChoice()
  private closed: Segment[] = []
  private closedUpdates = 0
  private closedBytes = 0
  private open: Segment | null = null
  /** Bytes of the open segment, after the last update: it is asked for several times an update. */
  private openBytes = 0
  private takes = 0

  /** `batchBytes`: 1 to 262,144 (the default). */
  constructor(limits: { readonly batchBytes?: number } = {}) {
    this.batchBytes = limits.batchBytes ?? wireLimits.batchBytes
    assert(
      this.batchBytes > 0 && this.batchBytes <= wireLimits.batchBytes,
      'a batch leaves room for one large update in a frame',
    )
  }

  /** Updates since the last `take()`. */
  get updates(): number {
    return this.closedUpdates + (this.open?.updates ?? 0)
  }

  /** Bytes that all updates since the last `take()` will take, close to it. */
  get bytes(): number {
    return this.closedBytes + this.openBytes
  }

  /**
   * Takes an update; the record may be changed afterwards. Returns by how much `bytes` grew.
   * Throws VALUE_UNSUPPORTED naming the field, LIMIT_EXCEEDED for an update of more than 4.25 MiB,
   * USAGE; nothing of the update stays then.
   */
  append({ kind, record, before, version }: RowUpdate): number {
    return this.appendRow(kind, record, before, version)
  }

  /** The same of an update whose parts were read already: a getter may give another one each time. */
  appendRow(
    kind: UpdateKind,
    record: object,
    before: object | undefined,
    version: bigint | undefined,
  ): number {
    checkUpdate(kind, record, before, version)
    const bytesBefore = this.bytes
    const segment = this.segment()
    const encoder = segment.plan.encoder()
    if (encoder !== null && this.appendFast(segment, encoder, record, before)) {
      finish(segment, kind, before !== undefined, version)
      this.openBytes = segment.bytes
      return this.bytes - bytesBefore
    }
    try {
      this.appendAny(record, before)
      finish(this.segmentInUse(), kind, before !== undefined, version)
    } catch (reason) {
      this.open?.dropUnusedEntries()
      this.dropEmpty()
      throw reason
    } finally {
      this.measure()
    }
    return this.bytes - bytesBefore
  }

  mark(): RowMark {
    return {
      takes: this.takes,
      closed: this.closed.length,
      closedUpdates: this.closedUpdates,
      closedBytes: this.closedBytes,
      rows: this.open?.rows ?? 0,
      updates: this.open?.updates ?? 0,
      versions: this.open?.versions.length ?? 0,
    }
  }

  /** Takes back every update since the mark, which must be of the time since the last `take()`. */
  rollback(mark: RowMark): void {
    assert(mark.takes === this.takes, 'a rollback does not reach behind take()')
    const reopened = this.closed[mark.closed]
    if (reopened !== undefined) {
      this.open?.release()
      for (const segment of this.closed.slice(mark.closed + 1)) segment.release()
      this.closed.length = mark.closed
      this.open = reopened
    }
    this.closedUpdates = mark.closedUpdates
    this.closedBytes = mark.closedBytes
    this.open?.truncate(mark.rows, mark.updates, mark.versions)
    this.dropEmpty()
    this.measure()
  }

  /** The next parcel of this table may never come. */
  private dropEmpty(): void {
    if (this.open?.updates !== 0) return
    this.open.release()
    this.open = null
  }

  private measure(): void {
    this.openBytes = this.open === null || this.open.rows === 0 ? 0 : this.open.bytes
  }

  /** All segments since the last time, each for one batch, in order. */
  take(): EncodedRows[] {
    this.close()
    const taken = this.closed.map((segment) => new SealedRows(segment))
    this.closed = []
    this.closedUpdates = 0
    this.closedBytes = 0
    this.takes++
    return taken
  }

  /** The open segment, for the shape as it is now. */
  private segment(): Segment {
    const plan = this.shape.plan()
    if (this.open !== null && (this.open.plan !== plan || this.openBytes >= this.batchBytes)) {
      this.close()
    }
    this.open ??= new Segment(this.shape.plan(), this.batchBytes)
    this.open.makeRoom()
    return this.open
  }

  private close(): void {
    const segment = this.open
    this.open = null
    this.openBytes = 0
    if (segment === null) return
    if (segment.updates === 0) {
      segment.release()
      return
    }
    for (const field of segment.spillWide()) this.shape.testWide(field)
    const dictionaries = this.choice.judge(segment)
    if (dictionaries !== null) this.shape.useDictionaries(dictionaries)
    this.closed.push(segment)
    this.closedUpdates += segment.updates
    this.closedBytes += segment.bytes
  }

  /** False: the generated encoder does not take these records; nothing of them stays. */
  private appendFast(
    segment: Segment,
    encoder: RowEncoder,
    record: object,
    before: object | undefined,
  ): boolean {
    const { rows, heap, exceptionBytes } = segment
    let taken = false
    try {
      taken =
        encoder(segment, record) &&
        (before === undefined || encoder(segment, before)) &&
        segment.heap.length - heap.length + segment.exceptionBytes - exceptionBytes <
          this.batchBytes / 2
    } catch {
      // A value that cannot travel, or a getter that throws: appendAny() meets it again and tells.
      taken = false
    }
    if (!taken) segment.unwrite(rows, heap)
    return taken
  }

  /** Takes records of any shape: widens where they need it. */
  private appendAny(record: object, before: object | undefined): void {
    const records = [fieldsOf('record', record)]
    if (before !== undefined) records.push(fieldsOf('before', before))
    for (const fields of records) telling(fields.of, () => this.shape.widen(fields))
    while (!this.appendFields(this.segment(), records)) continue
  }

  /** False: the segment was closed (too large with these, a dictionary overflowed), try the next. */
  private appendFields(segment: Segment, records: readonly FieldsOf[]): boolean {
    const { rows, updates, versions, bytes } = segment
    const takeBack = () => segment.truncate(rows, updates, versions.length)
    try {
      for (const fields of records)
        telling(fields.of, () => encodeRow(segment, this.inOrder(fields)))
    } catch (reason) {
      takeBack()
      if (!(reason instanceof DictionaryFull)) throw reason
      this.shape.useDictionaries(this.choice.giveUp(reason.field))
      return false
    }
    if (segment.bytes - bytes <= this.batchBytes / 2) return true
    if (updates > 0) {
      takeBack()
      this.close()
      return false
    }
    for (const field of segment.spillWide()) this.shape.testWide(field)
    const size = segment.bytes
    if (size <= wireLimits.maxUpdateBytes) return true
    takeBack()
    throw new TidingsError(
      'LIMIT_EXCEEDED',
      `an update of ${size} bytes is too large, at most ${wireLimits.maxUpdateBytes} (maxUpdateBytes) are possible`,
    )
  }

  private segmentInUse(): Segment {
    assert(this.open !== null, 'what was appended stands in the open segment')
    return this.open
  }

  /** The values of a record in the order of the shape. */
  private inOrder({ names, values }: FieldValues): unknown[] {
    if (this.shape.isWhole) {
      const texts = names.map((name, n) => {
        const value = values[n]
        return value === null || value === undefined ? value : textOf('mixed', name, value)
      })
      return [recordText(names, texts)]
    }
    const ordered: unknown[] = Array.from({ length: this.shape.size })
    for (const [n, name] of names.entries()) {
      const index = this.shape.indexOf(name)
      if (index !== undefined) ordered[index] = values[n]
    }
    return ordered
  }
}

/** Whatever reading a record throws is told with the path to it. */
function telling(of: string, work: () => void): void {
  try {
    work()
  } catch (reason) {
    if (reason instanceof DictionaryFull) throw reason
    throw refusedField(of, reason)
  }
}

/** Counts the rows written last as one update. */
function finish(
  segment: Segment,
  kind: UpdateKind,
  isPair: boolean,
  version: bigint | undefined,
): void {
  let flags = kindCode(kind)
  if (isPair) flags |= hasBefore
  if (version !== undefined) {
    flags |= hasVersion
    segment.versions.push(version)
  }
  segment.scratch.flags[segment.updates++] = flags
}
