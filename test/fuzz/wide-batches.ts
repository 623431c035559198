import type { BatchMessage } from '../../src/model/message.ts'
import { encodeBatch } from '../../src/wire/frames/message-codec.ts'
import type { EncodedRows } from '../../src/wire/rows/encoded-rows.ts'
import { padded, payloadSections, writePayloadHeader } from '../../src/wire/rows/payload.ts'
import { layoutOf } from '../../src/wire/rows/row-layout.ts'
import type { FieldType, Shape } from '../../src/wire/rows/shape.ts'
import { encodeShape } from '../../src/wire/rows/shape.ts'
import { incarnations } from './messages.ts'

const fields = 512
const publisher = { node: 'a', process: 'P', instance: '', incarnation: incarnations[0] }

/** For each dictionary one entry, `A`. */
const dictionary = Buffer.from([1, 0, 0, 1, 0, 0, 0, 0x41])

/** Rows of 512 fields of one type, as many as fit: two bits or two bytes become a value in memory. */
function wideRows(type: FieldType, most: number): EncodedRows {
  const shape: Shape = Array.from({ length: fields }, (_, index) => ({ name: `F${index}`, type }))
  const shapeBytes = encodeShape(shape)
  const dictionaries =
    type === 'dictionary' ? Buffer.concat(shape.map(() => dictionary)) : Buffer.alloc(0)
  const { stride, words } = layoutOf(shape)
  const room = most - 64 - padded(shapeBytes.length) - padded(dictionaries.length)
  const rows = Math.floor((room - 8) / (stride + 1))
  const header = {
    updates: rows,
    rows,
    shapeBytes: shapeBytes.length,
    dictionaryBytes: dictionaries.length,
    versions: 0,
    heapBytes: 0,
    exceptions: 0,
    exceptionBytes: 0,
  }
  const sections = payloadSections(header, stride)
  const writeTo = (target: Buffer) => {
    target.fill(0)
    writePayloadHeader(target, header)
    target.set(shapeBytes, sections.shape)
    target.set(dictionaries, sections.dictionaries)
    if (type !== 'null') return
    for (let row = 0; row < rows; row++) {
      const at = sections.rows + row * stride
      target.fill(0xaa, at, at + words * 4)
    }
  }
  return { count: rows, byteLength: sections.end, writeTo }
}

/** A batch of such rows. `most`: bytes of it. */
export function wideBatch(type: FieldType, most: number): BatchMessage {
  const rows = wideRows(type, most - 200)
  const { count } = rows
  const commits = [{ type: 'run', commit: 1, commits: count, updatesEach: 1 }] as const
  const manifest = [{ table: 'T', last: count }]
  const header = {
    publisher,
    table: 'T',
    first: 1,
    count,
    parcel: 1,
    manifest,
    commits,
    publishedAt: 0,
  }
  return encodeBatch(header, rows)
}
