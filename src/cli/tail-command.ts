import type { Delivery, Update } from '../model/update.ts'
import { systemClock } from '../base/clock.ts'
import { didYouMean } from '../base/nearest.ts'
import { clusterQuery } from './cluster-query.ts'
import { exitCode } from './exit-code.ts'
import { toJson, updateLine } from './json-output.ts'
import { openScript } from './script-queue.ts'
import type { SharedOptions } from './shared-options.ts'
import { endQuietlyWithReader, onInterrupt, say } from './terminal.ts'

export interface TailOptions extends SharedOptions {
  /** Ends after so many updates. */
  readonly count?: number
  /** Ends after so many seconds. */
  readonly for?: number
}

/** `tidings tail`: one JSON line per update on stdout, everything else on stderr. */
export async function tail(tables: readonly string[], options: TailOptions): Promise<number> {
  const stop = new AbortController()
  const removeInterrupt = onInterrupt(() => stop.abort())
  endQuietlyWithReader(() => stop.abort())
  await using queue = await openScript('tail', options, { signal: stop.signal })
  let left = options.count ?? Infinity
  const ended = Promise.withResolvers<void>()
  stop.signal.addEventListener('abort', () => ended.resolve())
  const subscription = queue.subscribe(tables.length > 0 ? tables : '*', {
    onDelivery: (delivery) => {
      left = print(delivery, left)
      if (left <= 0) ended.resolve()
      return drained()
    },
  })
  const timer =
    options.for === undefined ? null : systemClock.after(options.for * 1000, () => ended.resolve())
  subscription.ready.then(
    () => {
      say('ready')
      void hintAtNames(tables, options)
    },
    () => undefined,
  )
  void reportStatus(queue.status())
  const failure = await Promise.race([ended.promise, queue.closed])
  timer?.cancel()
  removeInterrupt()
  if (failure) throw failure
  const isShort = options.count !== undefined && left > 0 && !stop.signal.aborted
  return isShort ? exitCode.no : exitCode.done
}

function print(delivery: Delivery, left: number): number {
  if (delivery.type === 'loss') {
    for (const loss of delivery.losses) process.stdout.write(`${toJson({ loss })}\n`)
    return left
  }
  const updates: Update[] = delivery.updates.slice(0, left)
  if (updates.length > 0) process.stdout.write(`${updates.map(updateLine).join('\n')}\n`)
  return left - updates.length
}

/** A table that nobody has published yet may be one whose name is mistyped. */
async function hintAtNames(tables: readonly string[], options: SharedOptions): Promise<void> {
  if (tables.length === 0) return
  try {
    const { nodes } = await (await clusterQuery(options))()
    const published = new Set(
      nodes
        .flatMap(({ processes }) => processes.flatMap((each) => each.tables))
        .map(({ table }) => table),
    )
    for (const table of tables)
      if (!published.has(table))
        say(`nobody has published ${table} yet${didYouMean(table, published)}`)
  } catch {
    // It was a hint; that GENESIS_CLUSTER is away is told by the queue.
  }
}

/** Back-pressure of whoever reads stdout becomes back-pressure of the subscription. */
function drained(): Promise<void> | undefined {
  if (!process.stdout.writableNeedDrain) return undefined
  return new Promise((resolve) => process.stdout.once('drain', resolve))
}

async function reportStatus(events: AsyncIterable<{ readonly type: string }>): Promise<void> {
  for await (const event of events) {
    if (event.type === 'waiting' && 'missing' in event)
      say(`waiting for ${(event.missing as string[]).join(', ')}`)
    else if (event.type === 'cluster-lost') say('GENESIS_CLUSTER cannot be reached; going on')
    else if (event.type === 'cluster-found') say('GENESIS_CLUSTER is back')
  }
}
