/** Changes rows of a database over a pool of connections, and publishes each change behind its commit. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { NewUpdate, OpenOptions, UpdateQueue } from '../../../../src/index.ts'
import { openUpdateQueue } from '../../../../src/index.ts'
import type { PublishedStream } from '../judge.ts'
import { RowDatabase, rowTable } from '../row-database.ts'
import { serve } from '../serve.ts'

const connections = 8

/** Turns of the event loop until what stands behind a COMMIT runs: at most. */
const longestTurns = 8

export interface Opening {
  readonly options: OpenOptions
  readonly file: string
}

export interface Changed extends PublishedStream {
  /** Updates that were published behind a newer one of their row, by this process alone. */
  readonly late: number
}

let open: { readonly queue: UpdateQueue; readonly database: RowDatabase } | null = null
const newest = new Map<unknown, bigint>()
let [last, late] = [0, 0]

function publish(queue: UpdateQueue, updates: readonly NewUpdate[]): void {
  queue.publish(updates)
  last += updates.length
  for (const { record, version = 0n } of updates) {
    const { ID } = record as { ID: string }
    if (version < (newest.get(ID) ?? 0n)) late += 1
    else newest.set(ID, version)
  }
}

const calls = {
  async open({ options, file }: Opening): Promise<void> {
    open = { queue: await openUpdateQueue(options), database: new RowDatabase(file) }
  },
  /** So many transactions; resolves with all that was published so far. */
  async change(transactions: number): Promise<Changed> {
    if (!open) throw new Error('no queue')
    const { queue, database } = open
    let left = transactions
    const connection = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        const updates = database.change()
        // The answer to a COMMIT comes over the network; those of several connections in any order.
        for (let turns = 1 + Math.random() * longestTurns; turns > 0; turns -= 1) await nextTurn()
        publish(queue, updates)
      }
    }
    await Promise.all(Array.from({ length: connections }, connection))
    return { incarnation: queue.identity.incarnation, table: rowTable, last, late }
  },
}

export type ChangerCalls = typeof calls

serve(calls)
