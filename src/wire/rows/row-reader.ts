import { freshList, makesPlain } from '../../base/fresh.ts'
import type { BatchMessage } from '../../model/message.ts'
import type { Update, UpdateKind } from '../../model/update.ts'
import type { RecordTest } from '../../model/where.ts'
import { asBuffer } from '../bytes/byte-reader.ts'
import { canGenerateCode } from './code-generation.ts'
import { wireLimits } from '../limits.ts'
import {
  hasBefore,
  hasVersion,
  kindMask,
  payloadHeaderBytes,
  payloadSections,
  readPayloadHeader,
  updateKinds,
} from './payload.ts'
import type { PayloadHeader, PayloadSections } from './payload.ts'
import { interpretingDecoder } from './row-decoder.ts'
import type { RowDecoder, SelectedFields } from './row-decoder.ts'
import { generateDecoder } from './row-decoder-code.ts'
import { RowFilter } from './row-filter.ts'
import { layoutOf } from './row-layout.ts'
import type { RowLayout } from './row-layout.ts'
import { RowSource } from './row-source.ts'
import { decodeShape } from './shape.ts'

/** Rows of one shape after which a decoder is generated: making one costs about as much. */
const generateAfterRows = 128

/** A shape as it is kept: how its rows lie and how to read them. */
class KnownShape {
  readonly layout: RowLayout
  /** null: every update passes. */
  readonly filter: RowFilter | null
  private readonly fields: SelectedFields
  private decoder: RowDecoder
  /** Until a decoder is generated; Infinity: never. */
  private rowsLeft: number

  constructor(
    layout: RowLayout,
    fields: SelectedFields,
    where: RecordTest | null,
    generateAfter: number,
  ) {
    this.layout = layout
    this.filter = where && new RowFilter(layout, where)
    this.fields = fields
    this.decoder = interpretingDecoder(layout, fields)
    const canGenerate = canGenerateCode && layout.columns[0]?.type !== 'record'
    this.rowsLeft = canGenerate ? generateAfter : Infinity
  }

  decoderFor(rows: number): RowDecoder {
    this.rowsLeft -= rows
    if (this.rowsLeft <= 0) {
      this.decoder = generateDecoder(this.layout, this.fields)
      this.rowsLeft = Infinity
    }
    return this.decoder
  }
}

/**
 * Rows decoded by one call. One call for a whole batch would leave its loop to V8's on-stack
 * replacement, which drops out of optimized code at the end of every batch.
 */
const rowsPerCall = 64

/** The rows and versions of the updates from one on, found by the flags of all. */
interface RowPlace {
  readonly row: number
  readonly version: number
}

/** Makes updates of the rows of batches. */
export class RowReader {
  private readonly shapes = new Map<string, KnownShape>()
  private readonly source = new RowSource()
  private readonly generateAfter: number
  private readonly fields: SelectedFields
  private readonly where: RecordTest | null

  /**
   * `generateAfter`: rows of one shape after which a decoder is generated; Infinity: never.
   * `fields`: what records are to have; what else there is in a row is not decoded. null: everything.
   * `where`: which updates are read; of the others no record is made. null: all.
   */
  constructor({
    generateAfter = generateAfterRows,
    fields = null,
    where = null,
  }: {
    readonly generateAfter?: number
    readonly fields?: SelectedFields
    readonly where?: RecordTest | null
  } = {}) {
    this.generateAfter = generateAfter
    this.fields = fields
    this.where = where
  }

  /**
   * Appends the updates of a batch from index `skip` on, those that pass. False: the rows are
   * malformed, or it has none; `into` is as it was then.
   */
  read(batch: BatchMessage, skip: number, into: Update[]): boolean {
    if (batch.unpublished !== undefined) return false
    const payload = asBuffer(batch.payload)
    const header = readPayloadHeader(payload)
    if (header === null || header.updates !== batch.count) return false
    const shape = this.shapeOf(payload, header)
    if (shape === null) return false
    const { stride } = shape.layout
    if (header.rows * stride > wireLimits.maxRowsBytes) return false
    const sections = payloadSections(header, stride)
    if (sections.end !== payload.length) return false
    const place = placeOf(payload, header, sections, skip)
    if (place === null) return false
    if (skip >= batch.count) return true
    this.source.load(payload, header, sections, shape.layout)
    const passing =
      shape.filter && this.passing(payload, sections, shape.filter, batch.count, skip, place)
    const records = passing
      ? this.someRecords(shape, passing)
      : this.records(header, shape, place.row)
    if (records === null) return false
    const before = into.length
    append(batch, skip, new UpdateRows(payload, sections, records, place.version), into, passing)
    if (batch.foreign) for (let n = before; n < into.length; n++) (into[n] as Update).foreign = true
    return true
  }

  private shapeOf(payload: Buffer, header: PayloadHeader): KnownShape | null {
    const end = payloadHeaderBytes + header.shapeBytes
    if (end > payload.length || header.shapeBytes > wireLimits.maxShapeBytes) return null
    const key = payload.latin1Slice(payloadHeaderBytes, end)
    const known = this.shapes.get(key)
    if (known !== undefined) return known
    const shape = decodeShape(payload.subarray(payloadHeaderBytes, end))
    if (shape === null) return null
    if (this.shapes.size >= wireLimits.maxCachedShapes) {
      const oldest = this.shapes.keys().next()
      if (oldest.done !== true) this.shapes.delete(oldest.value)
    }
    const made = new KnownShape(layoutOf(shape), this.fields, this.where, this.generateAfter)
    this.shapes.set(key, made)
    return made
  }

  /** The records of the rows from `from` on, those before among them; null: malformed. */
  private records(header: PayloadHeader, shape: KnownShape, from: number): object[] | null {
    const { source } = this
    const records = freshList<object>()
    source.seek(from, shape.layout)
    decodeRows(shape.decoderFor(header.rows - from), source, from, header.rows, records)
    return source.finish() ? records : null
  }

  /** The updates from index `skip` on that pass, by their rows where these lie. */
  private passing(
    payload: Buffer,
    sections: PayloadSections,
    filter: RowFilter,
    updates: number,
    skip: number,
    place: RowPlace,
  ): Passing {
    const passes = new Uint8Array(updates)
    const runs: number[] = []
    filter.load(this.source)
    let { row } = place
    for (let n = skip; n < updates; n++) {
      const isPair = ((payload[sections.flags + n] as number) & hasBefore) !== 0
      const end = row + (isPair ? 2 : 1)
      if (isPair ? filter.pairPasses(this.source, row) : filter.passes(this.source, row)) {
        passes[n] = 1
        if (runs.at(-1) === row) runs[runs.length - 1] = end
        else runs.push(row, end)
      }
      row = end
    }
    return { passes, runs }
  }

  private someRecords(shape: KnownShape, { runs }: Passing): object[] | null {
    const { source } = this
    const records = freshList<object>()
    const rows = runs.reduce((sum, row, n) => (n % 2 === 0 ? sum - row : sum + row), 0)
    const decode = shape.decoderFor(rows)
    for (let n = 0; n < runs.length && !source.failed; n += 2) {
      source.skipTo(runs[n] as number, shape.layout)
      decodeRows(decode, source, runs[n] as number, runs[n + 1] as number, records)
    }
    return source.finishSome() ? records : null
  }
}

/** Which updates of a batch pass a filter. */
interface Passing {
  /** 1 by the index of each update that passes. */
  readonly passes: Uint8Array
  /** Their rows: the first of each run of adjacent ones, and the one behind its last. */
  readonly runs: readonly number[]
}

function decodeRows(
  decode: RowDecoder,
  source: RowSource,
  from: number,
  to: number,
  records: object[],
): void {
  for (let row = from; row < to && !source.failed; row += rowsPerCall)
    decode(source, row, Math.min(row + rowsPerCall, to), records)
}

/** Goes through the rows and versions of a batch, update by update. */
class UpdateRows {
  private readonly payload: Buffer
  private readonly flagsAt: number
  private readonly records: readonly object[]
  private versionAt: number
  private row = 0

  /** `version`: how many versions belong to updates before the first one wanted. */
  constructor(
    payload: Buffer,
    sections: PayloadSections,
    records: readonly object[],
    version: number,
  ) {
    this.payload = payload
    this.flagsAt = sections.flags
    this.records = records
    this.versionAt = sections.versions + version * 8
  }

  /** The next update: the one with index `n` in its batch. */
  update(batch: BatchMessage, n: number, commit: number): Update {
    const flags = this.payload[this.flagsAt + n] as number
    const record = this.records[this.row++] as object
    const before = (flags & hasBefore) === 0 ? undefined : this.records[this.row++]
    const version = (flags & hasVersion) === 0 ? undefined : this.version()
    const kind = updateKinds[(flags & kindMask) as 0 | 1 | 2]
    return new PlainUpdate(batch, kind, record, before, version, batch.first + n, commit)
  }

  /** Goes past an update whose rows were not decoded. */
  pass(n: number): void {
    if (((this.payload[this.flagsAt + n] as number) & hasVersion) !== 0) this.versionAt += 8
  }

  private version(): bigint {
    const version = this.payload.readBigInt64LE(this.versionAt)
    this.versionAt += 8
    return version
  }
}

type UpdateConstructor = new (
  batch: BatchMessage,
  kind: UpdateKind,
  record: object,
  before: object | undefined,
  version: bigint | undefined,
  sequence: number,
  commit: number,
) => Update

/** Makes a plain object, and not by a literal: base/fresh.ts says why. */
const PlainUpdate = function PlainUpdate(
  this: { -readonly [Field in keyof Update]: Update[Field] },
  batch: BatchMessage,
  kind: UpdateKind,
  record: object,
  before: object | undefined,
  version: bigint | undefined,
  sequence: number,
  commit: number,
) {
  this.table = batch.table
  this.kind = kind
  this.record = record
  this.before = before
  this.version = version
  this.publisher = batch.publisher
  this.sequence = sequence
  this.commit = commit
  this.publishedAt = batch.publishedAt
} as unknown as UpdateConstructor
makesPlain(PlainUpdate)

/** Appends the updates from index `skip` on, those that pass, each with the number of its commit. */
function append(
  batch: BatchMessage,
  skip: number,
  rows: UpdateRows,
  into: Update[],
  passing: Passing | null,
): void {
  const passes = passing && passing.passes
  // Not push(): V8 calls it for each update, and stores of this form it makes itself.
  let length = into.length
  let n = 0
  for (const entry of batch.commits) {
    const { commit } = entry
    const each = entry.type === 'run' ? entry.updatesEach : entry.places.length
    const end = n + each * (entry.type === 'run' ? entry.commits : 1)
    let place = 0
    for (let number = commit; n < end; n++) {
      if (place === each) {
        place = 0
        number++
      }
      place++
      if (n < skip) continue
      if (passes === null || passes[n] === 1) into[length++] = rows.update(batch, n, number)
      else rows.pass(n)
    }
  }
}

const knownFlags = kindMask | hasBefore | hasVersion

/** Checks the flags against the counts of the header; null: they contradict each other. */
function placeOf(
  payload: Buffer,
  header: PayloadHeader,
  sections: PayloadSections,
  skip: number,
): RowPlace | null {
  let row = 0
  let version = 0
  let place: RowPlace = { row, version }
  for (let n = 0; n < header.updates; n++) {
    if (n === skip) place = { row, version }
    const flags = payload[sections.flags + n] as number
    if ((flags & ~knownFlags) !== 0 || (flags & kindMask) === kindMask) return null
    row += (flags & hasBefore) === 0 ? 1 : 2
    if ((flags & hasVersion) !== 0) version++
  }
  return row === header.rows && version === header.versions ? place : null
}
