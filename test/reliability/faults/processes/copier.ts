/** Keeps a copy of a table by version from a subscription that conflates, as docs/LIBRARY.md shows. */
import { setTimeout as pause } from 'node:timers/promises'
import { RangeSet } from '../../../../src/base/range-set.ts'
import type { ConflatedRange, Delivery, OpenOptions, Update } from '../../../../src/index.ts'
import { openUpdateQueue } from '../../../../src/index.ts'
import { monotonicMs } from '../order.ts'
import type { Recorded, RecordedLoss, RecordedStream } from '../recorder.ts'
import { rowTable, type RowState } from '../row-database.ts'
import { serve } from '../serve.ts'

export interface Copying {
  readonly options: OpenOptions
  /** Each delivery takes the application so long, milliseconds. */
  readonly deliveryMs: number
}

/** So many updates may wait before they are folded: more than there are rows, or the folded ones fill it. */
const limit = { updates: 64 }

interface Stream extends RecordedStream {
  readonly here: RangeSet
  duplicates: number
}

const copy = new Map<string, RowState>()
const streams = new Map<string, Stream>()
const losses: RecordedLoss[] = []
let lastAt: number | null = null
let gate: PromiseWithResolvers<void> | null = null
let [updates, folded, wrong] = [0, 0, 0]

function keep(ID: string, version: bigint, isThere: boolean): void {
  if ((copy.get(ID)?.version ?? version) <= version) copy.set(ID, { ID, version, isThere })
}

function take({ kind, record, before, version = 0n }: Update): void {
  const { ID, V } = record as { ID: string; V: number }
  if (BigInt(V) !== version) wrong += 1
  const { ID: from }: { ID?: string } = before ?? {}
  if (from !== undefined && from !== ID) keep(from, version, false)
  keep(ID, version, kind !== 'delete')
}

function cover({ publisher, from, to }: ConflatedRange): void {
  const { process, incarnation } = publisher
  let stream = streams.get(incarnation)
  if (!stream) {
    const counts = { deliveries: 0, duplicates: 0, outOfOrder: 0, wrong: 0 }
    const here = new RangeSet()
    stream = { process, incarnation, table: rowTable, ranges: [], nonces: [], here, ...counts }
    streams.set(incarnation, stream)
  }
  for (let sequence = from; sequence <= to; sequence += 1)
    if (stream.here.has(sequence)) stream.duplicates += 1
  stream.here.add(from, to)
}

function receive(delivery: Delivery): void {
  if (delivery.type === 'loss') {
    const at = monotonicMs()
    for (const loss of delivery.losses) losses.push({ ...loss, at, silentMs: at - (lastAt ?? at) })
    return
  }
  lastAt = monotonicMs()
  updates += delivery.updates.length
  for (const update of delivery.updates) take(update)
  if (delivery.type === 'conflated') {
    folded += delivery.folded
    for (const range of delivery.ranges) cover(range)
  } else
    for (const { table, publisher, sequence } of delivery.updates)
      if (publisher !== null && sequence !== null)
        cover({ table, publisher, from: sequence, to: sequence })
}

const calls = {
  /** Resolves when it is ready. */
  async open({ options, deliveryMs }: Copying): Promise<void> {
    const queue = await openUpdateQueue(options)
    const subscription = queue.subscribe(rowTable, {
      whenSlow: 'conflate',
      key: 'ID',
      limit,
      onDelivery: async (delivery) => {
        receive(delivery)
        if (deliveryMs > 0) await pause(deliveryMs)
        await gate?.promise
      },
    })
    await subscription.ready
  },
  /** The next delivery takes the application until `release`. */
  hold() {
    gate = Promise.withResolvers<void>()
  },
  release() {
    gate?.resolve()
    gate = null
  },
  copy: (): RowState[] => [...copy.values()],
  counts: () => ({ updates, folded, wrong }),
  recorded(): Recorded {
    const each = [...streams.values()].map(({ here, ...stream }) => ({
      ...stream,
      ranges: Array.from(here, ({ from, to }) => ({ from, to })),
    }))
    return { streams: each, losses, torn: 0, deliveries: updates + folded }
  },
}

export type CopierCalls = typeof calls

serve(calls)
