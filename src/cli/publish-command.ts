import { didYouMean } from '../base/nearest.ts'
import { NumberOutOfRange, parseExactJson, shownPath } from '../base/exact-json.ts'
import { isInt64 } from '../base/int64.ts'
import { maxJsonNesting, nestsDeeper } from '../base/json-nesting.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NewChange, NewReset } from '../model/reset.ts'
import type { UpdateKind } from '../model/update.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { checkGivenInUtf8, ownCommandLine } from './argument-bytes.ts'
import { exitCode, exitCodeOfSignal } from './exit-code.ts'
import { inputLines, standardInput, UnreadableInput, withoutMark } from './input-lines.ts'
import { openScript } from './script-queue.ts'
import type { SharedOptions } from './shared-options.ts'
import { complain, type Interrupt, interruptible, say } from './terminal.ts'

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
  checkGivenInUtf8('TABLE', table, ownCommandLine)
  checkGivenInUtf8('RECORD', record, ownCommandLine)
  const parse = new LineParser(table, options)
  // Read before anything is opened: a wrong record needs no cluster to be told.
  const single =
    record === undefined || record === '-' ? null : parse.line(withoutMark(record), 'RECORD')
  const interrupt = interruptible()
  try {
    return await publishAll(single, parse, options, interrupt)
  } catch (error) {
    if (error instanceof UnreadableInput) {
      complain(error.message)
      return exitCode.no
    }
    if (!interrupt.by) throw error
    complain(`interrupted by ${interrupt.by}`)
    return exitCodeOfSignal(interrupt.by)
  }
}

async function publishAll(
  single: NewChange[] | null,
  parse: LineParser,
  options: PublishOptions,
  interrupt: Interrupt,
): Promise<number> {
  await using queue = await openScript('publish', options, {
    drainMs: confirmedWithinMs,
    signal: interrupt.signal,
  })
  if (!single && process.stdin.isTTY) say('reading a record a line; Ctrl-D ends the input')
  if (single) publishOne(queue, single, 'RECORD')
  else await publishLines(queue, parse, interrupt.signal)
  interrupt.remove()
  if (!interrupt.by) return (await isConfirmed(queue)) ? exitCode.done : exitCode.no
  const { updates } = queue.stats().published
  complain(
    `interrupted by ${interrupt.by}: ${counted(updates, 'update')} published, the rest of the input was not read`,
  )
  return exitCodeOfSignal(interrupt.by)
}

async function publishLines(
  queue: UpdateQueue,
  parse: LineParser,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0
  for await (const line of inputLines(standardInput(), signal)) {
    if (line.text.trim() === '') continue
    const place = `stdin:${line.number}`
    publishOne(queue, parse.line(line.text, place), place)
    bytes += line.bytes
    if (bytes < flushEveryBytes) continue
    bytes = 0
    await queue.flush({ signal })
  }
}

function publishOne(queue: UpdateQueue, updates: NewChange[], place: string): void {
  try {
    queue.publish(updates)
  } catch (error) {
    throw TidingsError.from(error).at(place)
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

/** What an update may say. */
const takenNames = ['table', 'kind', 'record', 'before', 'version']

/** What `tidings tail` prints beside, so that its lines can be published as they are; it is passed over. */
const printedNames = ['publisher', 'sequence', 'commit', 'publishedAt', 'foreign']

const updateNames = new Set([...takenNames, ...printedNames])

/** A line of input → the updates of one commit. Throws USAGE with the place. */
class LineParser {
  readonly #table: string | undefined
  readonly #options: PublishOptions

  constructor(table: string | undefined, options: PublishOptions) {
    this.#table = table
    this.#options = options
  }

  line(text: string, place: string): NewChange[] {
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

  #update(value: unknown, place: string): NewChange {
    const update = checkObject(value, place, 'an update') as Record<string, unknown>
    // What else it has to have, the queue says.
    if (update['kind'] === 'reset') return { table: this.#table, ...update } as unknown as NewReset
    for (const name of Object.keys(update))
      if (!updateNames.has(name)) {
        const hint = didYouMean(name, updateNames) || `; it has ${takenNames.join(', ')}`
        throw new TidingsError('USAGE', `${place}: an update has no field "${name}"${hint}`)
      }
    const table = update['table'] ?? this.#table
    if (typeof table !== 'string')
      throw new TidingsError('USAGE', `${place}: the update has no table and no TABLE was given`)
    const kind = update['kind'] ?? this.#options.kind
    if (typeof kind !== 'string' || !kinds.includes(kind))
      throw new TidingsError(
        'USAGE',
        `${place}: \`kind\` must be 'insert', 'modify', 'delete' or 'reset', got ${shown(kind)}`,
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

/** Levels around the values of a record: the record, its update, the commit. */
const levelsAround = 3

/** Whole numbers stay exact: one beyond 2⁵³ is a bigint. */
function parseJson(text: string, place: string): unknown {
  if (nestsDeeper(text, maxJsonNesting + levelsAround))
    throw new TidingsError(
      'USAGE',
      `${place}: the JSON nests deeper than ${maxJsonNesting} levels (maxJsonNesting)`,
    )
  try {
    return parseExactJson(text)
  } catch (error) {
    if (error instanceof NumberOutOfRange)
      throw new TidingsError(
        'USAGE',
        `${place}: \`${shownPath(error.path)}\` must be a number that 64 bits hold, got ${shortened(error.source)}; give a larger one as a string`,
      )
    throw new TidingsError('USAGE', `${place}: not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function checkObject(value: unknown, place: string, what: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TidingsError(
    'USAGE',
    `${place}: ${what} must be a JSON object, e.g. {"TRADE_ID":"T1"}, got ${value === undefined ? 'nothing' : shown(value)}`,
  )
}

/** Characters of a number that a message shows. */
const maxShown = 40

const shortened = (text: string): string =>
  text.length > maxShown ? `${text.slice(0, maxShown)}…` : text

const wholeNumber = /^-?\d{1,19}$/

function toVersion(value: unknown, place: string): bigint {
  const version =
    typeof value === 'bigint'
      ? value
      : Number.isSafeInteger(value) || (typeof value === 'string' && wholeNumber.test(value))
        ? BigInt(value as number | string)
        : null
  if (version !== null && isInt64(version)) return version
  throw new TidingsError(
    'USAGE',
    `${place}: \`version\` must be a whole number of 64 bits, signed, got ${shown(value)}`,
  )
}
