import type { Delivery, Update } from '../model/update.ts'
import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import { didYouMean } from '../base/nearest.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { clusterQuery } from './cluster-query.ts'
import { exitCode } from './exit-code.ts'
import { toJson, updateLine } from '../lines/json-output.ts'
import { publishedTables } from './published-tables.ts'
import { openScript } from './script-queue.ts'
import type { SharedOptions } from './shared-options.ts'
import { cannotBeReached, reportStatus } from './status-report.ts'
import { onInterrupt, say } from './terminal.ts'
import { type RecordConditions, whereOf } from './where-expression.ts'

interface TailOptions extends SharedOptions {
  /** Ends after so many updates. */
  readonly count?: number
  /** Ends after so many seconds. */
  readonly for?: number
  /** Conditions on the records of the tables that are named. */
  readonly where?: string
  /** The fields that are printed of a record. */
  readonly select?: readonly string[]
}

/** `tidings tail`: one JSON line per update on stdout, everything else on stderr. */
export async function tail(tables: readonly string[], options: TailOptions): Promise<number> {
  const where = options.where === undefined ? null : whereOf(options.where)
  if (where && isOfAll(tables))
    throw new TidingsError(
      'USAGE',
      '--where needs a TABLE, since its conditions are on fields: tidings tail TRADE --where …',
    )
  const stop = new AbortController()
  const removeInterrupt = onInterrupt(() => stop.abort())
  try {
    return await tailUntil(stop, removeInterrupt, tables, { ...options, where })
  } catch (error) {
    // A signal ends it with 0, also before it is open.
    if (stop.signal.aborted && TidingsError.from(error).code === 'ABORTED') return exitCode.done
    throw error
  }
}

async function tailUntil(
  stop: AbortController,
  removeInterrupt: () => void,
  tables: readonly string[],
  { where, ...options }: Omit<TailOptions, 'where'> & { readonly where: RecordConditions | null },
): Promise<number> {
  await using queue = await openScript('tail', options, { signal: stop.signal })
  let left = options.count ?? Infinity
  const ended = Promise.withResolvers<void>()
  stop.signal.addEventListener('abort', () => ended.resolve())
  const { select } = options
  const subscription = queue.subscribe(isOfAll(tables) ? '*' : tables, {
    ...(where && { where: Object.fromEntries(tables.map((table) => [table, where])) }),
    ...(select && { select }),
    onDelivery: async (delivery) => {
      const { text, updates } = printed(delivery, left)
      if (!(await isWritten(text))) {
        stop.abort()
        // What could not be written is not confirmed: it is not done.
        await new Promise<never>(() => undefined)
      }
      left -= updates
      if (left <= 0) ended.resolve()
    },
  })
  const timer =
    options.for === undefined ? null : systemClock.after(options.for * 1000, () => ended.resolve())
  subscription.ready.then(
    () => {
      const { unreachable } = subscription
      say(unreachable.length === 0 ? 'ready' : `ready, without ${cannotBeReached(unreachable)}`)
      inBackground(hintAtNames(tables, options), ({ message }) => say(message))
    },
    () => undefined,
  )
  inBackground(reportStatus(queue.status(), options), ({ message }) => say(message))
  const failure = await Promise.race([ended.promise, queue.closed])
  timer?.cancel()
  removeInterrupt()
  if (failure) throw failure
  if (where) say(`${queue.stats().filtered} updates kept back by --where`)
  const isShort = options.count !== undefined && left > 0 && !stop.signal.aborted
  return isShort ? exitCode.no : exitCode.done
}

const isOfAll = (tables: readonly string[]): boolean => tables.length === 0 || tables.includes('*')

function printed(delivery: Delivery, left: number): { text: string; updates: number } {
  if (delivery.type === 'loss')
    return { text: delivery.losses.map((loss) => `${toJson({ loss })}\n`).join(''), updates: 0 }
  const updates: Update[] = delivery.updates.slice(0, left)
  return {
    text: updates.map((update) => `${updateLine(update)}\n`).join(''),
    updates: updates.length,
  }
}

/** A table that no process has published yet may be one whose name is mistyped. Of scripts that have ended nobody knows. */
async function hintAtNames(tables: readonly string[], options: SharedOptions): Promise<void> {
  if (isOfAll(tables)) return
  try {
    await using cluster = await clusterQuery(options)
    const { nodes } = await cluster.ask()
    const published = publishedTables(nodes)
    for (const table of tables)
      if (!published.has(table))
        say(
          `no process of the cluster has published ${table} so far${didYouMean(table, published)}`,
        )
  } catch {
    // It was a hint; that GENESIS_CLUSTER or the broker is away is told by the queue.
  }
}

/** Back-pressure of whoever reads stdout becomes back-pressure of the subscription. */
const isWritten = (text: string): Promise<boolean> =>
  new Promise((resolve) => process.stdout.write(text, (error) => resolve(!error)))
