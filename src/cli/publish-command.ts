import { createInterface } from 'node:readline'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NewUpdate, UpdateKind } from '../model/update.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { exitCode } from './exit-code.ts'
import { openScript } from './script-queue.ts'
import type { SharedOptions } from './shared-options.ts'
import { complain, onInterrupt, say } from './terminal.ts'

export interface PublishOptions extends SharedOptions {
  readonly kind: UpdateKind
  /** Each line is an update, or an array of them: one commit. */
  readonly updates?: boolean
}

/** A bulk load waits for the subscribers after so many bytes of input: a quarter of the retention. */
const flushEveryBytes = 16 * 1024 * 1024

/**
 * How long subscribers may take to confirm, milliseconds: as long as a silent one still counts as
 * there. What they print or store of a bulk load takes longer than the end of one process should.
 */
const confirmedWithinMs = 10_000

const kinds = ['insert', 'modify', 'delete']

/** `tidings publish`: a script that publishes one record, or a record a line from stdin. */
export async function publish(
  table: string | undefined,
  record: string | undefined,
  options: PublishOptions,
): Promise<number> {
  if (table !== undefined && /^\s*[[{]/.test(table)) {
    if (options.updates && record === undefined) return publish(undefined, table, options)
    throw new TidingsError(
      'USAGE',
      `the table comes first, e.g. tidings publish TRADE '{"TRADE_ID":"T1"}', got ${shown(table)}`,
    )
  }
  if (table === undefined && !options.updates)
    throw new TidingsError('USAGE', 'publish needs a TABLE, or --updates')
  const parse = new LineParser(table, options)
  const stop = new AbortController()
  const removeInterrupt = onInterrupt(() => stop.abort())
  // Read before anything is opened: a wrong record needs no cluster to be told.
  const single = record === undefined || record === '-' ? null : parse.line(record, 'RECORD')
  await using queue = await openScript('publish', options, {
    drainMs: confirmedWithinMs,
    signal: stop.signal,
  })
  if (!single && process.stdin.isTTY) say('reading a record a line; Ctrl-D ends the input')
  if (single) queue.publish(single)
  else await publishLines(queue, parse, stop.signal)
  removeInterrupt()
  return (await isConfirmed(queue)) ? exitCode.done : exitCode.no
}

async function publishLines(
  queue: UpdateQueue,
  parse: LineParser,
  signal: AbortSignal,
): Promise<void> {
  let number = 0
  let bytes = 0
  const lines = createInterface({ input: process.stdin, signal, crlfDelay: Infinity })
  for await (const line of lines) {
    number++
    if (line.trim() === '') continue
    publishLine(queue, parse, line, number)
    bytes += line.length
    if (bytes < flushEveryBytes) continue
    bytes = 0
    await queue.flush({ signal })
  }
}

function publishLine(queue: UpdateQueue, parse: LineParser, line: string, number: number): void {
  const place = `stdin:${number}`
  const updates = parse.line(line, place)
  try {
    queue.publish(updates)
  } catch (error) {
    const { code, message } = TidingsError.from(error)
    throw new TidingsError(code, `${place}: ${message}`, { cause: error })
  }
}

async function isConfirmed(queue: UpdateQueue): Promise<boolean> {
  const { confirmed, missing } = await queue.flush()
  const { updates } = queue.stats().published
  say(`${counted(updates, 'update')}, confirmed by ${counted(confirmed.length, 'subscriber')}`)
  if (missing.length === 0) return true
  const names = missing.map(({ node, process }) => `${process} on ${node}`).join(', ')
  complain(`not confirmed in time by ${names}; they will report what they lack as lost`)
  return false
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** A line of input → the updates of one commit. Throws USAGE with the place. */
class LineParser {
  readonly #table: string | undefined
  readonly #options: PublishOptions

  constructor(table: string | undefined, options: PublishOptions) {
    this.#table = table
    this.#options = options
  }

  line(text: string, place: string): NewUpdate[] {
    const value = parseJson(text, place)
    if (!this.#options.updates)
      return [
        {
          table: this.#table ?? '',
          kind: this.#options.kind,
          record: checkObject(value, place, 'a record'),
        },
      ]
    const values = Array.isArray(value) ? value : [value]
    if (values.length === 0) throw new TidingsError('USAGE', `${place}: a commit needs an update`)
    return values.map((each) => this.#update(each, place))
  }

  #update(value: unknown, place: string): NewUpdate {
    const update = checkObject(value, place, 'an update') as Record<string, unknown>
    const table = update['table'] ?? this.#table
    if (typeof table !== 'string')
      throw new TidingsError('USAGE', `${place}: the update has no table and no TABLE was given`)
    const kind = update['kind'] ?? this.#options.kind
    if (typeof kind !== 'string' || !kinds.includes(kind))
      throw new TidingsError(
        'USAGE',
        `${place}: kind is insert, modify or delete, got ${JSON.stringify(kind)}`,
      )
    const { before } = update
    return {
      table,
      kind: kind as UpdateKind,
      record: checkObject(update['record'], place, 'its record'),
      ...(before !== undefined &&
        before !== null && { before: checkObject(before, place, 'its before') }),
      ...(update['version'] !== undefined && { version: toVersion(update['version'], place) }),
    }
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TidingsError('USAGE', `${place}: not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function checkObject(value: unknown, place: string, what: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TidingsError(
    'USAGE',
    `${place}: ${what} is a JSON object, e.g. {"TRADE_ID":"T1"}, got ${JSON.stringify(value) ?? 'nothing'}`,
  )
}

function toVersion(value: unknown, place: string): bigint {
  try {
    if (typeof value === 'string' || typeof value === 'number') return BigInt(value)
  } catch {
    // Told below, like a value of another type.
  }
  throw new TidingsError(
    'USAGE',
    `${place}: version is a whole number, got ${JSON.stringify(value)}`,
  )
}
