import { serialize } from 'node:v8'
import { type Clock, systemClock } from '../base/clock.ts'
import { didYouMean } from '../base/nearest.ts'
import { isPlainObject } from '../base/plain-object.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { TableWhere } from '../model/where.ts'
import { checkWhere } from '../queue/selection-options.ts'
import { FeedSet } from '../streams/feed-set.ts'
import type { FrameSink } from '../streams/frame-sink.ts'
import { RefusedRequest } from '../streams/refused-request.ts'
import { contentTypes } from '../streams/stream-frame.ts'
import type { LiveStreamOptions } from './live-stream-options.ts'
import { RowFeed } from './row-feed.ts'
import type { ServedTable } from './served-table.ts'
import { ShownRows } from './shown-rows.ts'
import { type WebLimits, webLimits } from './web-limits.ts'

/** What is asked for, whatever server it came to. */
export interface AskedStream {
  readonly method: string
  readonly query: URLSearchParams
  /** The header of that name, which browsers send by themselves. */
  readonly lastEventId: string | null
}

/** The head of the answer. */
export const streamHeaders = {
  'Content-Type': contentTypes.sse,
  // Neither kept nor packed on the way: what packs gathers first.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  'X-Content-Type-Options': 'nosniff',
} as const

const parameters = ['table', 'after']

/** The streams of live tables to pages: who may ask, and what they read. */
export class LiveStreams<Caller> {
  readonly #options: LiveStreamOptions<Caller>
  readonly #limits: WebLimits
  readonly #clock: Clock
  readonly #feeds: FeedSet<RowFeed>

  constructor(
    options: LiveStreamOptions<Caller>,
    limits: WebLimits = webLimits,
    clock: Clock = systemClock,
  ) {
    this.#options = options
    this.#limits = limits
    this.#clock = clock
    this.#feeds = new FeedSet({ limits, clock })
  }

  /**
   * Gives what begins the stream: `open` writes the head of the answer and gives what its frames go to.
   * Both throw what is to be answered instead.
   * @throws RefusedRequest 400, 403, 404, 405, 500, 503
   */
  async admit(asked: AskedStream, caller: Caller): Promise<(open: () => FrameSink) => void> {
    try {
      const { name, after } = requestOf(asked)
      const table = this.#tableOf(name)
      const where = await this.#whereOf(name, caller)
      return (open) => {
        const feed = this.#feedOf(name, table, where)
        feed.join(open(), after)
      }
    } catch (error) {
      if (error instanceof RefusedRequest) throw error
      this.#tell(TidingsError.from(error))
      throw new RefusedRequest(500, 'the log of the server says why')
    }
  }

  /** Pages that read. */
  get readers(): number {
    return this.#feeds.streams
  }

  /** Of events that are kept for pages that come again. */
  get keptBytes(): number {
    return this.#feeds.keptBytes
  }

  /** Every page is told that its stream ends, and comes again. */
  close(): Promise<void> {
    return this.#feeds.close()
  }

  #tableOf(name: string): ServedTable {
    const { tables } = this.#options
    const table = Object.hasOwn(tables, name) ? tables[name] : undefined
    if (table === undefined) throw new RefusedRequest(404, `there is no table ${shown(name)} here`)
    return table
  }

  /** null: all rows. */
  async #whereOf(name: string, caller: Caller): Promise<TableWhere | null> {
    const admitted: unknown = await this.#options.authorize(caller, name)
    if (admitted === true) return null
    if (!isPlainObject(admitted)) throw new RefusedRequest(403, `${name} is not for this caller`)
    const { where } = admitted as { readonly where?: unknown }
    checkWhere({ [name]: where ?? null }, [name])
    for (const [field, condition] of Object.entries(where as object))
      if (condition === undefined || hasUndefined(condition))
        throw new TidingsError(
          'USAGE',
          `authorize gave no value for ${field} of ${name}: a condition that is undefined would let all rows pass`,
        )
    return where as TableWhere
  }

  #feedOf(name: string, table: ServedTable, where: TableWhere | null): RowFeed {
    const limits = this.#limits
    const clock = this.#clock
    // As it is typed: a text and a time are different conditions.
    const key = `${name} ${serialize(where).toString('base64')}`
    const map = this.#options.map as ((record: object, table: string) => object) | undefined
    return this.#feeds.feedFor(key, (grown) => {
      if (table.state === 'closed')
        throw new TidingsError('CLOSED', `the live table ${name} is closed`)
      const rows = new ShownRows({ name, table, where, map })
      const failed = (error: TidingsError): void => this.#tell(error)
      return new RowFeed({ table, rows, limits, clock, grown, failed })
    })
  }

  #tell(error: TidingsError): void {
    try {
      this.#options.onError?.(error)
    } catch {
      // It is for logs: nobody is there to be told.
    }
  }
}

/** Whether one of its operators has no value: `{ gte: 0, lte: undefined }`. */
const hasUndefined = (condition: unknown): boolean =>
  isPlainObject(condition) && Object.values(condition).includes(undefined)

/** @throws RefusedRequest 400, 405 */
function requestOf({ method, query, lastEventId }: AskedStream): {
  name: string
  after: string | null
} {
  if (method !== 'GET')
    throw new RefusedRequest(405, 'a stream is asked for with GET', {}, { Allow: 'GET' })
  for (const name of query.keys())
    if (!parameters.includes(name))
      throw new RefusedRequest(
        400,
        `there is no parameter "${name}"${didYouMean(name, new Set(parameters)) || `; there are ${parameters.join(', ')}`}`,
      )
  const [name, second] = query.getAll('table')
  if (name === undefined || second !== undefined)
    throw new RefusedRequest(400, '`table` names the one table of the stream, e.g. ?table=TRADE')
  // A browser that comes again has the address of the beginning, and the place where it stopped in the header.
  return { name, after: lastEventId || query.get('after') }
}
