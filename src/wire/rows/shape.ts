import { ByteReader } from '../bytes/byte-reader.ts'
import { ByteWriter } from '../bytes/byte-writer.ts'
import { wireLimits } from '../limits.ts'

/**
 * How the values of a field travel. `null`: nothing but null or absent so far. `dictionary`: a string
 * as the index of it in the batch's own list. `json`: always JSON. `mixed`: each value a text that
 * begins with a letter for its type (mixed-text.ts). `record`: the one field of a shape whose records
 * are too wide or too varied for columns; its text is a JSON object of mixed texts.
 */
export const fieldTypes = {
  null: 0,
  float64: 1,
  int64: 2,
  boolean: 3,
  string: 4,
  dictionary: 5,
  date: 6,
  /** Date-times in microseconds: reserved, refused by this version. */
  'date-us': 7,
  bytes: 8,
  json: 9,
  mixed: 10,
  record: 11,
} as const

export type FieldType = Exclude<keyof typeof fieldTypes, 'date-us'>

export interface Field {
  readonly name: string
  readonly type: FieldType
}

export type Shape = readonly Field[]

/** The shape of records that travel whole, as one text each. */
export const recordShape: Shape = [{ name: '', type: 'record' }]

const typeOfCode = new Map<number, FieldType>(
  Object.entries(fieldTypes)
    .filter(([type]) => type !== 'date-us')
    .map(([type, code]) => [code, type as FieldType]),
)

/** Number of fields (u16), then for each: type (u8), bytes of the name (u16), name in UTF-8. */
export function encodeShape(shape: Shape): Buffer {
  const out = new ByteWriter()
  out.u16(shape.length)
  for (const { name, type } of shape) {
    const bytes = Buffer.from(name, 'utf8')
    out.u8(fieldTypes[type])
    out.u16(bytes.length)
    out.bytes(bytes)
  }
  return out.copy()
}

/** null where the bytes are not exactly one shape within the limits, without a name given twice. */
export function decodeShape(bytes: Buffer): Shape | null {
  if (bytes.length > wireLimits.maxShapeBytes) return null
  const reader = new ByteReader(bytes, 0)
  const count = reader.u16()
  if (count > wireLimits.maxFields) return null
  const shape: Field[] = []
  const names = new Set<string>()
  for (let n = 0; n < count && reader.problem === null; n++) {
    const type = typeOfCode.get(reader.u8())
    const nameBytes = reader.u16()
    if (type === undefined || nameBytes > wireLimits.maxFieldNameBytes) return null
    const name = reader.utf8(nameBytes)
    shape.push({ name, type })
    names.add(name)
  }
  const whole = shape.some(({ type }) => type === 'record')
  if (reader.problem !== null || reader.at !== bytes.length || names.size !== count) return null
  if (whole && (count !== 1 || shape[0]?.name !== '')) return null
  return shape
}
