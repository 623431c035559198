import { layoutOf } from '../../src/wire/rows/row-layout.ts'
import type { RowLayout } from '../../src/wire/rows/row-layout.ts'
import {
  padded,
  payloadSections,
  readPayloadHeader,
  writePayloadHeader,
} from '../../src/wire/rows/payload.ts'
import type { PayloadHeader } from '../../src/wire/rows/payload.ts'
import { decodeShape } from '../../src/wire/rows/shape.ts'
import { mutateBytes } from './byte-mutation.ts'
import type { Dice } from './dice.ts'
import { mutateSpans } from './span-mutation.ts'
import { SpanWalk } from './spans.ts'

/** The sections of a payload, without their padding. */
interface Sections {
  shape: Buffer
  dictionaries: Buffer
  flags: Buffer
  versions: Buffer
  rows: Buffer
  heap: Buffer
  exceptions: Buffer
}

const names = ['shape', 'dictionaries', 'flags', 'versions', 'rows', 'heap', 'exceptions'] as const
type SectionName = (typeof names)[number]

interface Payload {
  readonly header: PayloadHeader
  readonly layout: RowLayout
  readonly sections: Sections
}

/** null where it is not whole: there are only bytes to change then. */
function takeApart(payload: Buffer): Payload | null {
  const header = readPayloadHeader(payload)
  if (header === null || 32 + header.shapeBytes > payload.length) return null
  const shape = decodeShape(payload.subarray(32, 32 + header.shapeBytes))
  if (shape === null) return null
  const layout = layoutOf(shape)
  const at = payloadSections(header, layout.stride)
  if (at.end !== payload.length) return null
  const sections = {
    shape: payload.subarray(at.shape, at.shape + header.shapeBytes),
    dictionaries: payload.subarray(at.dictionaries, at.dictionaries + header.dictionaryBytes),
    flags: payload.subarray(at.flags, at.flags + header.updates),
    versions: payload.subarray(at.versions, at.rows),
    rows: payload.subarray(at.rows, at.heap),
    heap: payload.subarray(at.heap, at.exceptions),
    exceptions: payload.subarray(at.exceptions, at.end),
  }
  return { header, layout, sections }
}

/** Together again; the header says how long the sections are now, the rows have the shape's width. */
function putTogether({ header, sections }: Payload): Buffer {
  const shape = decodeShape(sections.shape)
  const width = shape === null ? null : header.rows * layoutOf(shape).stride
  const rows =
    width === null || width > 1 << 20
      ? sections.rows
      : Buffer.concat([
          sections.rows,
          Buffer.alloc(Math.max(0, width - sections.rows.length)),
        ]).subarray(0, width)
  const head = Buffer.alloc(32)
  writePayloadHeader(head, {
    ...header,
    shapeBytes: sections.shape.length,
    dictionaryBytes: sections.dictionaries.length,
    versions: Math.floor(sections.versions.length / 8),
    heapBytes: sections.heap.length,
    exceptionBytes: sections.exceptions.length,
  })
  const pad = (bytes: Buffer) =>
    Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)])
  const { shape: shapeBytes, dictionaries, flags, versions, heap, exceptions } = sections
  return Buffer.concat([
    head,
    pad(shapeBytes),
    pad(dictionaries),
    pad(flags),
    versions,
    rows,
    heap,
    exceptions,
  ])
}

function walkOf(name: SectionName, { sections, layout, header }: Payload): SpanWalk {
  const bytes = sections[name]
  const walk = new SpanWalk(bytes, 0)
  if (name === 'shape') {
    walk.times(walk.fixed('u16', true), () => {
      walk.fixed('u8')
      walk.raw(walk.fixed('u16', true))
    })
  } else if (name === 'dictionaries') {
    const entry = () => {
      walk.fixed('u8')
      walk.raw(walk.fixed('u32', true))
    }
    while (!walk.failed && walk.at < bytes.length) walk.times(walk.fixed('u16', true), entry)
  } else if (name === 'exceptions') {
    while (!walk.failed && walk.at < bytes.length) {
      walk.fixed('u32')
      walk.fixed('u16')
      walk.fixed('u8')
      walk.fixed('u8')
      walk.raw(walk.fixed('u32', true))
    }
  } else if (name === 'rows') rowSpans(walk, layout, header.rows)
  else while (!walk.failed && walk.at < bytes.length) walk.fixed(name === 'versions' ? 'f64' : 'u8')
  return walk
}

function rowSpans(walk: SpanWalk, layout: RowLayout, rows: number): void {
  walk.times(Math.min(rows, 200), () => {
    const begin = walk.at
    walk.times(layout.words + 1, () => walk.fixed('u32'))
    walk.times(layout.slots, () => walk.fixed('u16'))
    walk.at = begin + layout.cellsAt
    walk.times(layout.cells, () => walk.fixed('f64'))
  })
}

/** One change within one section, or of the header's numbers. */
export function mutatePayload(dice: Dice, payload: Buffer, other: Buffer): Buffer {
  const whole = takeApart(payload)
  if (whole === null || dice.chance(0.08)) return mutateBytes(dice, payload, other)
  const { sections } = whole
  if (dice.chance(0.12)) {
    const walk = new SpanWalk(payload, 0, 32)
    walk.times(8, () => walk.fixed('u32', true))
    return mutateSpans(dice, payload, walk.spans)
  }
  const filled = names.filter((name) => sections[name].length > 0)
  const name = dice.pick(filled)
  if (dice.chance(0.08)) {
    const from = takeApart(other)?.sections[dice.pick(names)] ?? sections[dice.pick(names)]
    return putTogether({ ...whole, sections: { ...sections, [name]: from } })
  }
  const changed =
    dice.chance(0.2) || name === 'heap'
      ? mutateBytes(dice, sections[name], other.subarray(0, 200))
      : mutateSpans(dice, sections[name], walkOf(name, whole).spans)
  const exceptions =
    name === 'exceptions' && dice.chance(0.3) ? dice.few(4) : whole.header.exceptions
  const header = { ...whole.header, exceptions }
  return putTogether({ ...whole, header, sections: { ...sections, [name]: changed } })
}
