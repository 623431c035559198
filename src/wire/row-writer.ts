import { assert } from '../base/assertion.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { UpdateKind } from '../model/update.ts'
import { DictionaryChoice } from './dictionary-choice.ts'
import { SealedRows } from './encoded-rows.ts'
import type { EncodedRows } from './encoded-rows.ts'
import { isInt64, recordText } from './mixed-text.ts'
import { textOf, unsupported } from './field-value.ts'
import { wireLimits } from './limits.ts'
import { hasBefore, hasVersion, kindCode } from './payload.ts'
import { DictionaryFull, encodeRow } from './row-encoder.ts'
import type { RowEncoder } from './row-encoder-code.ts'
import { Segment } from './segment.ts'
import { WriterShape } from './writer-shape.ts'
import type { FieldValues } from './writer-shape.ts'

/** One update as the writer takes it: the table is the writer's. */
export interface RowUpdate {
  readonly kind: UpdateKind
  readonly record: object
  readonly before?: object | undefined
  readonly version?: bigint | undefined
}

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
  append(update: RowUpdate): number {
    checkUpdate(update)
    const before = this.bytes
    const segment = this.segment()
    const encoder = segment.plan.encoder()
    if (encoder !== null && this.appendFast(segment, encoder, update)) {
      this.openBytes = segment.bytes
      return this.bytes - before
    }
    try {
      this.appendAny(update)
    } catch (reason) {
      this.open?.dropUnusedEntries()
      this.dropEmpty()
      throw reason
    } finally {
      this.measure()
    }
    return this.bytes - before
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
  private appendFast(segment: Segment, encoder: RowEncoder, update: RowUpdate): boolean {
    const { rows, heap, exceptionBytes } = segment
    let taken = false
    try {
      const { record, before } = update
      taken =
        encoder(segment, record) &&
        (before === undefined || encoder(segment, before)) &&
        segment.heap.length - heap.length + segment.exceptionBytes - exceptionBytes <
          this.batchBytes / 2
    } catch {
      // A value that cannot travel, or a getter that throws: appendAny() meets it again and tells.
      taken = false
    }
    if (taken) finish(segment, update)
    else segment.unwrite(rows, heap)
    return taken
  }

  /** Takes records of any shape: widens where they need it. */
  private appendAny(update: RowUpdate): void {
    const records = [fieldsOf(update.record)]
    if (update.before !== undefined) records.push(fieldsOf(update.before))
    for (const fields of records) this.shape.widen(fields)
    while (!this.appendFields(this.segment(), records)) continue
    finish(this.segmentInUse(), update)
  }

  /** False: the segment was closed (too large with these, a dictionary overflowed), try the next. */
  private appendFields(segment: Segment, records: readonly FieldValues[]): boolean {
    const { rows, updates, versions, bytes } = segment
    const takeBack = () => segment.truncate(rows, updates, versions.length)
    try {
      for (const fields of records) encodeRow(segment, this.inOrder(fields))
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
      `an update of ${size} bytes is too large, at most ${wireLimits.maxUpdateBytes} are possible`,
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

function checkUpdate({ kind, record, before, version }: RowUpdate): void {
  if (kind !== 'insert' && kind !== 'modify' && kind !== 'delete') {
    throw new TidingsError('USAGE', `kind is 'insert', 'modify' or 'delete', got ${shown(kind)}`)
  }
  if (typeof record !== 'object' || record === null) throw notARecord('record', record)
  if (before !== undefined && (typeof before !== 'object' || before === null)) {
    throw notARecord('before', before)
  }
  if (version !== undefined && (typeof version !== 'bigint' || !isInt64(version))) {
    throw unsupported('version', `it is a bigint of 64 bits, signed, got ${shown(version)}`)
  }
}

const notARecord = (name: string, value: unknown) =>
  unsupported(name, `it is an object of fields, got ${shown(value)}`)

/** Own enumerable keys, as `JSON.stringify` sees them; each value is read once. */
function fieldsOf(record: object): FieldValues {
  const { toJSON } = record as { toJSON?: unknown }
  const source: unknown = typeof toJSON === 'function' ? toJSON.call(record, '') : record
  if (typeof source !== 'object' || source === null || Array.isArray(source)) {
    throw notARecord('record', source)
  }
  const names = Object.keys(source)
  return { names, values: names.map((name) => (source as Record<string, unknown>)[name]) }
}

/** Counts the rows written last as one update. */
function finish(segment: Segment, { kind, before, version }: RowUpdate): void {
  let flags = kindCode(kind)
  if (before !== undefined) flags |= hasBefore
  if (version !== undefined) {
    flags |= hasVersion
    segment.versions.push(version)
  }
  segment.scratch.flags[segment.updates++] = flags
}
