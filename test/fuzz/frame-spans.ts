import { SpanWalk } from './spans.ts'
import type { Span } from './spans.ts'

export interface FrameSpans {
  readonly spans: readonly Span[]
  /** Of a batch: the field that says where the payload begins, and where the header ends. */
  readonly payload: {
    readonly offset: Span
    readonly headerEnd: number
    readonly at: number
  } | null
  /** Of a replay: where the batch in it begins, a frame of its own. */
  readonly innerAt: number | null
}

const text = (walk: SpanWalk) => walk.raw(walk.varint(true))

function sequences(walk: SpanWalk): void {
  walk.times(walk.varint(true), () => {
    text(walk)
    walk.varint()
  })
}

function commitEntry(walk: SpanWalk): void {
  const commits = walk.varint()
  walk.varint()
  if (commits > 0) {
    walk.varint()
    return
  }
  walk.times(walk.varint(true), () => walk.varint())
  walk.times(walk.varint(true), () => {
    walk.varint()
    walk.varint()
  })
}

function batch(walk: SpanWalk, isReset: boolean): FrameSpans['payload'] {
  const offset = walk.spans.length
  const at = walk.fixed('u32')
  walk.fixed('f64')
  text(walk)
  for (const isCount of [false, true, false]) walk.varint(isCount)
  sequences(walk)
  walk.times(walk.varint(true), () => commitEntry(walk))
  if (isReset) {
    text(walk)
    walk.times(walk.varint(true), () => text(walk))
  }
  const span = walk.spans[offset]
  return walk.failed || span === undefined ? null : { offset: span, headerEnd: walk.at, at }
}

const bodies: Readonly<Record<number, (walk: SpanWalk) => void>> = {
  2: (walk) => walk.varint(),
  3: (walk) => {
    walk.varint()
    text(walk)
    walk.varint()
  },
  4: (walk) => {
    text(walk)
    walk.varint()
    walk.times(walk.varint(true), () => {
      walk.raw(16)
      walk.varint()
    })
  },
  5: (walk) => {
    walk.varint()
    walk.fixed('u8')
    walk.times(walk.varint(true), () => {
      text(walk)
      walk.varint()
      walk.varint()
      walk.varint()
      walk.fixed('f64')
    })
  },
  6: (walk) => {
    walk.fixed('u8')
    sequences(walk)
  },
  7: sequences,
}

function listed(walk: SpanWalk, item: () => void): void {
  if (walk.fixed('u8') === 0) walk.times(walk.varint(true), item)
}

const requests: Readonly<Record<number, (walk: SpanWalk) => void>> = {
  1: (walk) => {
    walk.varint()
    walk.varint()
    listed(walk, () => text(walk))
    listed(walk, () => text(walk))
    listed(walk, () => walk.raw(16))
  },
  2: (walk) => {
    walk.varint()
    walk.raw(16)
    text(walk)
    walk.varint()
    walk.varint()
  },
  3: (walk) => {
    walk.raw(16)
    sequences(walk)
  },
}

const envelopeBytes = 28
const unpublished = 0x10
const up = 0x55

/** The fields of a frame of ours behind its checksum, as docs/WIRE.md lists them. */
export function frameSpans(frame: Buffer): FrameSpans {
  const walk = new SpanWalk(frame, 0)
  for (let n = 0; n < 6; n++) walk.fixed('u8')
  walk.at = envelopeBytes - 16
  walk.raw(16)
  const kind = frame[4] ?? 0
  if (frame[2] === up) {
    requests[kind]?.(walk)
    return { spans: walk.spans, payload: null, innerAt: null }
  }
  for (let n = 0; n < 3; n++) walk.raw(walk.fixed('u8', true))
  if (kind === 1) {
    const isReset =
      ((frame[5] ?? 0) & unpublished) !== 0 && frame.toString('latin1').endsWith('reset')
    const payload = batch(walk, isReset)
    return { spans: walk.spans, payload, innerAt: null }
  }
  bodies[kind]?.(walk)
  const isReplay = kind === 2 && !walk.failed
  return { spans: walk.spans, payload: null, innerAt: isReplay ? walk.at : null }
}
