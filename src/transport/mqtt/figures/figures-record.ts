import {
  integer,
  list,
  nullable,
  quantity,
  record,
  text,
  type JsonShape,
} from '../../../base/json-shape.ts'
import type { TableSequence } from '../../../model/message.ts'
import type { ProcessHealth } from '../../../model/process-health.ts'
import { identity, processHealth, tableSequence } from '../../../registration/registration-shape.ts'
import { parsedJson } from '../presence/presence-record.ts'

/** Of the record below; who reads another one passes it over. */
const version = 1

/** Questions that one answer names: whoever asks at the same moment. */
const mostQuestions = 64

const count = integer(0, Number.MAX_SAFE_INTEGER)

/** What a process tells of itself to who watches the cluster. */
export interface FiguresRecord {
  /** The questions that this answers: 32 hexadecimal digits each. */
  readonly questions: readonly string[]
  /** The version of its package. */
  readonly version: string
  /** What its wall clock shows, milliseconds since the epoch. */
  readonly wallClock: number
  /** How long its connection has stood, milliseconds. */
  readonly connectedForMs: number
  /** Messages that it let go of, since too many waited to leave. */
  readonly dropped: number
  /** Updates published per second. */
  readonly rate: number
  /** As the process says it; null: it has not said. */
  readonly health: ProcessHealth | null
  /** The last number in each table that it has published; null: they are more than a packet of the broker holds. */
  readonly sequences: readonly TableSequence[] | null
}

const figuresRecord: JsonShape<FiguresRecord & { v: number }> = record<
  FiguresRecord & { v: number }
>({
  v: integer(version, version),
  questions: list(identity),
  version: text(255),
  wallClock: quantity,
  connectedForMs: quantity,
  dropped: count,
  rate: quantity,
  health: processHealth,
  sequences: nullable(list(tableSequence)),
})

/** `mostBytes`: what the broker takes in a message. */
export function encodeFigures(said: FiguresRecord, mostBytes: number): Buffer {
  const questions = said.questions.slice(0, mostQuestions)
  const all = Buffer.from(JSON.stringify({ v: version, ...said, questions }))
  if (all.byteLength <= mostBytes) return all
  return Buffer.from(JSON.stringify({ v: version, ...said, questions, sequences: null }))
}

/** null: it is none. */
export function decodeFigures(payload: Buffer): FiguresRecord | null {
  const read = figuresRecord(parsedJson(payload))
  if (!read) return null
  const { v: _, ...said } = read
  return said
}

/** What asks for figures: any 32 hexadecimal digits; null: it is no question. */
export const readQuestion = (payload: Buffer): string | null => identity(payload.toString()) ?? null
