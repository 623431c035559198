import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { ChangeReader } from '../lines/change-reader.ts'
import type { NewChange } from '../model/reset.ts'
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

/** A line of input → the updates of one commit. Throws USAGE with the place. */
type LineParser = (text: string, place: string) => NewChange[]

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
  const reader = new ChangeReader({ table, kind: options.kind })
  const parse: LineParser = (text, place) =>
    options.updates ? reader.commit(text, place) : reader.record(text, place)
  // Read before anything is opened: a wrong record needs no cluster to be told.
  const single =
    record === undefined || record === '-' ? null : parse(withoutMark(record), 'RECORD')
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
    publishOne(queue, parse(line.text, place), place)
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
