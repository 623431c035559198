import type { Work } from './assignment.ts'
import type { Contender } from './contender.ts'
import type { Shape } from './peers/peer.ts'
import type { Reading, RowSet } from './workload.ts'

/** What the command line asks for. */
export interface Options {
  readonly peers: readonly string[]
  readonly shapes: readonly Shape[]
  readonly rows: readonly RowSet[]
  readonly reading: readonly Reading[]
  readonly repeats: number
  /** At most, by each publisher: to warm up, and again while it is measured. */
  readonly updates: number
  /** About how long one run of throughput is measured, seconds. */
  readonly seconds: number
  /** Updates a second at which latency is taken; none: it is not. */
  readonly latency: readonly number[]
  readonly latencySeconds: number
  /** Shapes in which each commit has a turn of the event loop to itself. */
  readonly turns: readonly Shape[]
  /** Shapes that are also measured from the first update on, without any warm-up. */
  readonly cold: readonly Shape[]
  /** About how long each run goes on before it is measured, seconds. */
  readonly warmUp: number
}

/** One table of the results: what is run in turns by all who take part. */
export interface Workload {
  readonly title: string
  readonly shape: Shape
  readonly rows: RowSet
  readonly type: Work['type']
  takesPart(contender: Contender): boolean
  work(contender: Contender): Work
}

const rowTitles: Record<RowSet, string> = {
  '15': '15 fields',
  '20w': '20 fields, a tenth with characters beyond latin1',
}
const readingTitles: Record<Reading, string> = { one: 'one field read', all: 'every field read' }

/** Published in one turn of the event loop, as a bulk load does. */
const bulkPerTurn = 1_000

/** Turns of the event loop a second that nobody exceeds who publishes in each of them. */
const mostTurnsPerSecond = 200_000

/** Updates of a run from a cold start: to one subscriber, and to several. */
const coldUpdates = { one: 3_000_000, several: 400_000 }

/** Who carries fewer would need a quarter of a minute and more for so many updates. */
const leastColdPerSecond = 200_000

const shapeTitle = ({ publishers, subscribers }: Shape): string => `${publishers} → ${subscribers}`

/** Reads rows, and all that the workload reads. */
const readsRows = ({ isBytesOnly, readsOneField }: Contender): boolean =>
  !isBytesOnly && !readsOneField

/** Updates that one publisher sends in about `seconds` on two cores. */
function updatesIn(seconds: number, contender: Contender, shape: Shape, most: number): number {
  const share = shape.subscribers === 1 ? 1 : 1 / (shape.subscribers - 2)
  const all = contender.rate * seconds * Math.max(share, 1 / shape.subscribers)
  return Math.max(1000, Math.min(most, Math.floor(all / shape.publishers)))
}

export function workloads(options: Options): Workload[] {
  const throughput = options.shapes.flatMap((shape) =>
    options.rows.flatMap((rows, rowsIndex) =>
      options.reading.map((reading, readingIndex) => ({
        title: `${shapeTitle(shape)}: ${rowTitles[rows]}, ${readingTitles[reading]}`,
        shape,
        rows,
        type: 'throughput' as const,
        takesPart: ({ isBytesOnly, readsOneField }: Contender) => {
          // Bytes are the same whatever the rows: who moves bytes only takes part in one table of a shape.
          if (isBytesOnly) return rowsIndex === 0 && readingIndex === 0
          return !readsOneField || reading === 'one'
        },
        work: (contender: Contender): Work => ({
          type: 'throughput',
          warmUp: updatesIn(options.warmUp, contender, shape, options.updates),
          updates: updatesIn(options.seconds, contender, shape, options.updates),
          reading,
          perTurn: bulkPerTurn,
        }),
      })),
    ),
  )
  const turns = options.turns.map((shape) => ({
    title: `A commit a turn, ${shapeTitle(shape)}: 15 fields, one field read`,
    shape,
    rows: '15' as const,
    type: 'throughput' as const,
    takesPart: readsRows,
    work: (contender: Contender): Work => {
      const rate = Math.min(contender.rate, mostTurnsPerSecond)
      const updates = (seconds: number) =>
        updatesIn(seconds, { ...contender, rate }, shape, options.updates)
      return {
        type: 'throughput',
        warmUp: updates(options.warmUp),
        updates: updates(options.seconds),
        reading: 'one',
        perTurn: 1,
      }
    },
  }))
  const cold = options.cold.map((shape) => {
    const updates = shape.subscribers === 1 ? coldUpdates.one : coldUpdates.several
    return {
      title: `From a cold start, ${shapeTitle(shape)}: ${updates.toLocaleString('en')} updates of 15 fields, one field read`,
      shape,
      rows: '15' as const,
      type: 'throughput' as const,
      takesPart: (contender: Contender) =>
        readsRows(contender) && contender.rate >= leastColdPerSecond,
      work: (): Work => ({
        type: 'throughput',
        warmUp: 0,
        updates,
        reading: 'one',
        perTurn: bulkPerTurn,
      }),
    }
  })
  const latency = options.latency.map((rate) => ({
    title: `Latency at ${rate.toLocaleString('en')} updates a second, 1 → 1, 15 fields`,
    shape: { publishers: 1, subscribers: 1 },
    rows: '15' as const,
    type: 'latency' as const,
    takesPart: readsRows,
    work: (): Work => ({
      type: 'latency',
      rate,
      warmUp: Math.round(rate * options.warmUp),
      updates: Math.round(rate * options.latencySeconds),
    }),
  }))
  return [...throughput, ...cold, ...turns, ...latency]
}
