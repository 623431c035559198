import type { Outcome } from './run.ts'

/** A ratio of two who ran in turns under the same work, and what it is to reach. */
export interface Target {
  readonly what: string
  /** Names of contenders: the ratio is the figure of the first over that of the second. */
  readonly ours: string
  readonly peer: string
  /** How the titles of the workloads begin under which it counts. */
  readonly workload: string
  readonly of: (outcome: Outcome) => number | null | undefined
  readonly least?: number
  readonly most?: number
}

const perSecond = (outcome: Outcome): number => outcome.perSecond
const perCpuSecond = (outcome: Outcome): number => 1 / outcome.cpuSecondsPerMillion

/** `row`: for 1 → 1 and 1 → 8, how many times as fast as the peer; null: not asked. */
const rows: readonly (readonly [peer: string, what: string, one: number, eight: number | null])[] =
  [
    // An order of magnitude is what makes a team change what it has; a fifth more, so that it holds on other machines too.
    ['nats', 'Tidings ÷ NATS', 12, 12],
    ['redis', 'Tidings ÷ Redis', 14, 10],
    ['mqtt', 'Tidings ÷ Mosquitto', 14, 25],
    ['moleculer', 'Tidings ÷ Moleculer', 25, 45],
    ['postgres', 'Tidings ÷ PostgreSQL LISTEN/NOTIFY', 10, 10],
    ['bullmq', 'Tidings ÷ BullMQ Relay on Redis', 10, 10],
    ['bullmq-batches', 'Tidings ÷ BullMQ Relay on Redis, arrays', 10, 10],
    // The same bytes over another carrier: what numbering, retention and delivery cost must be earned back.
    ['nats-batches', 'Tidings ÷ NATS carrying our batches', 1.1, 1.1],
    ['zeromq-batches', 'Tidings ÷ zeromq.js carrying our batches', 0.9, 0.9],
    // What a program in C reaches that sends each update by itself and decodes nothing.
    ['libzmq', 'Tidings ÷ libzmq in C, a message an update', 1, null],
  ]

const throughput = rows.flatMap(([peer, what, one, eight]): Target[] => {
  const target = { what, ours: 'mesh', peer, of: perSecond }
  return [
    { ...target, workload: '1 → 1: 15', least: one },
    ...(eight === null ? [] : [{ ...target, workload: '1 → 8: 15', least: eight }]),
  ]
})

export const targets: readonly Target[] = [
  ...throughput,
  ...['1 → 1', '1 → 8'].map((shape): Target => ({
    what: 'a commit a turn, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: perSecond,
    workload: `A commit a turn, ${shape}`,
    least: 6,
  })),
  ...['1 → 1', '1 → 8'].map((shape): Target => ({
    what: 'from a cold start, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: perSecond,
    workload: `From a cold start, ${shape}`,
    least: 10,
  })),
  ...['1 → 1', '8 → 8'].map((shape): Target => ({
    what: 'proxy ÷ mesh',
    ours: 'proxy',
    peer: 'mesh',
    of: perSecond,
    workload: `${shape}: 15`,
    least: 0.65,
  })),
  {
    what: 'relay ÷ mesh',
    ours: 'relay',
    peer: 'mesh',
    of: perSecond,
    workload: '1 → 1: 15',
    least: 0.6,
  },
  {
    what: 'deliveries a CPU second, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: perCpuSecond,
    workload: '1 → 1: 15',
    least: 10,
  },
  {
    what: 'latency p50, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: ({ latency }) => latency?.p50,
    workload: 'Latency at 10,000',
    most: 0.7,
  },
  {
    what: 'latency p99, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: ({ latency }) => latency?.p99,
    workload: 'Latency at 10,000',
    most: 0.6,
  },
  {
    what: 'latency p50, Tidings ÷ NATS',
    ours: 'mesh',
    peer: 'nats',
    of: ({ latency }) => latency?.p50,
    workload: 'Latency at 1,000',
    most: 1,
  },
  {
    what: 'latency p50, proxy ÷ mesh',
    ours: 'proxy',
    peer: 'mesh',
    of: ({ latency }) => latency?.p50,
    workload: 'Latency at 10,000',
    most: 2.5,
  },
]
