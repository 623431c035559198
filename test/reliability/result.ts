import { readFileSync, writeFileSync } from 'node:fs'

/** The instruments whose results docs/RELIABILITY.md shows, in its order. */
export const instruments = [
  'chaos',
  'machines',
  'bars',
  'faults',
  'simulation',
  'soak',
  'fuzz',
] as const

export type Instrument = (typeof instruments)[number]

/** One fault, or one demand, and what was seen. A figure that an instrument does not measure is null. */
export interface ResultRow {
  /** Short and unique in its file, e.g. `F1`, `mesh/kill-publisher`. */
  readonly id: string
  /** What was done to whom, for people. */
  readonly fault: string
  /** How it was injected. */
  readonly injected: string
  /** How often it was injected. */
  readonly times: number
  /** Updates delivered while it was at work. */
  readonly deliveries: number | null
  /** Updates owed that were neither delivered nor reported; whatever came twice, torn or out of order too. */
  readonly silent: number
  /** Updates reported lost. */
  readonly reported: number | null
  /** Of these, those of publishers that lived and retained them: none is wanted. */
  readonly falseLosses: number | null
  /** Milliseconds from the end of a fault until everybody had caught up. */
  readonly healP50Ms: number | null
  readonly healP99Ms: number | null
  /** What else was measured, with its unit, against what was asked; empty: nothing. */
  readonly figure: string
  /** All that was demanded of it holds. */
  readonly met: boolean
}

/** What one run of an instrument writes, as JSON. */
export interface Result {
  readonly instrument: Instrument
  /** The command that repeats it. */
  readonly command: string
  /** When it ended, ISO 8601. */
  readonly at: string
  /** Where: cores and Node version. */
  readonly machine: string
  /** How long it ran, seconds. */
  readonly seconds: number
  readonly rows: readonly ResultRow[]
}

/** A file that is no result, with what is wrong in it. */
export class MalformedResult extends Error {
  constructor(file: string, what: string) {
    super(`${file}: ${what}`)
  }
}

type Check = (value: unknown) => string | null

const text: Check = (value) => (typeof value === 'string' ? null : 'must be a string')
const words: Check = (value) =>
  typeof value === 'string' && value.trim() !== '' ? null : 'must be a string that is not empty'
const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : 'must be a whole number from 0'
const figure: Check = (value) =>
  Number.isFinite(value) && (value as number) >= 0 ? null : 'must be a number from 0'
const truth: Check = (value) => (typeof value === 'boolean' ? null : 'must be true or false')
const time: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)
    ? null
    : 'must be a time as ISO 8601, in UTC'
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : (check(value)?.concat(', or null') ?? null)

const rowFields: { readonly [Field in keyof ResultRow]: Check } = {
  id: words,
  fault: words,
  injected: words,
  times: count,
  deliveries: orNull(count),
  silent: count,
  reported: orNull(count),
  falseLosses: orNull(count),
  healP50Ms: orNull(figure),
  healP99Ms: orNull(figure),
  figure: text,
  met: truth,
}

const resultFields: { readonly [Field in Exclude<keyof Result, 'rows'>]: Check } = {
  instrument: (value) =>
    instruments.includes(value as Instrument) ? null : `must be one of ${instruments.join(', ')}`,
  command: words,
  at: time,
  machine: words,
  seconds: figure,
}

function checkFields(
  fields: Readonly<Record<string, Check>>,
  others: readonly string[],
  value: unknown,
  place: string,
): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${place || 'the file'} must be an object`
  for (const [name, check] of Object.entries(fields)) {
    const wrong = check((value as Record<string, unknown>)[name])
    if (wrong) return `${place}${place && '.'}${name} ${wrong}`
  }
  const known = new Set([...Object.keys(fields), ...others])
  const unknown = Object.keys(value).find((name) => !known.has(name))
  return unknown === undefined ? null : `${place}${place && '.'}${unknown} is not known`
}

function mistakeIn(value: unknown): string | null {
  const wrong = checkFields(resultFields, ['rows'], value, '')
  if (wrong) return wrong
  const { rows } = value as { readonly rows?: unknown }
  if (!Array.isArray(rows) || rows.length === 0) return 'rows must be a list that is not empty'
  const ids = new Set<unknown>()
  for (const [index, row] of rows.entries()) {
    const wrongRow = checkFields(rowFields, [], row, `rows[${index}]`)
    if (wrongRow) return wrongRow
    const { id } = row as ResultRow
    if (ids.has(id)) return `rows[${index}].id ${JSON.stringify(id)} is there twice`
    ids.add(id)
  }
  return null
}

/** The result that a text holds. Throws MalformedResult, which names the file and the field. */
export function parseResult(json: string, file: string): Result {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new MalformedResult(file, `is no JSON: ${(error as Error).message}`)
  }
  const mistake = mistakeIn(value)
  if (mistake) throw new MalformedResult(file, mistake)
  return value as Result
}

export const readResult = (file: string): Result => parseResult(readFileSync(file, 'utf8'), file)

/** Refuses to write what it would refuse to read. */
export function writeResult(file: string, result: Result): void {
  const json = `${JSON.stringify(result, null, 2)}\n`
  parseResult(json, file)
  writeFileSync(file, json)
}
