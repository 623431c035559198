import { processName } from '../model/publisher-identity.ts'
import type { QueueHealth, QueueStats } from '../queue/queue-event.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { type Figure, figureOf, joinedFigures, type Sample } from './figure.ts'
import { HandoverTimes } from './handover-times.ts'
import { versionFigure } from './version-figure.ts'

type Labels = Sample['labels']

/** The figures of some queues of this process, and its version. */
export const figuresOf = (queues: readonly UpdateQueue[]): Figure[] => [
  versionFigure(),
  ...joinedFigures(queues.map(ofQueue)),
]

/** The figures of one queue, all with the label `process`. */
function ofQueue(queue: UpdateQueue): Figure[] {
  const labels = { process: labelOf(queue) }
  const times = HandoverTimes.of(queue)
  return [
    ...pulledFigures(queue),
    times.delays.figure(
      'tidings_delivery_delay_seconds',
      'Time from when the oldest update of a delivery left its publisher to when the application got it.',
      labels,
    ),
    times.handlers.figure(
      'tidings_handler_duration_seconds',
      'Time that onDelivery took, until its promise settled.',
      labels,
    ),
  ]
}

/** The name of its process; of a script without its random instance, which would make a new series for each. */
export function labelOf({ identity, port }: UpdateQueue): string {
  const isScript = port === null
  return isScript ? identity.process : processName(identity)
}

/**
 * What a queue says of itself whenever it is asked. None has an incarnation or a key among its labels: their number is
 * that of the tables and reasons.
 */
export function pulledFigures(queue: UpdateQueue): Figure[] {
  const labels = { process: labelOf(queue) }
  const [stats, health] = [queue.stats(), queue.health()]
  return [
    ...publishing(stats, labels),
    ...delivering(stats, labels),
    ...losing(stats, health, labels),
    ...waiting(stats, health, labels),
    ...surroundings(stats, health, labels),
  ]
}

const publishing = ({ published, tables }: QueueStats, labels: Labels): Figure[] => [
  figureOf(
    'counter',
    'tidings_published_updates_total',
    'Updates published, by table.',
    ...byTable(tables, 'published', labels),
  ),
  figureOf('counter', 'tidings_published_commits_total', 'Commits published.', [
    published.commits,
    labels,
  ]),
]

const delivering = (stats: QueueStats, labels: Labels): Figure[] => [
  figureOf(
    'counter',
    'tidings_delivered_updates_total',
    'Updates for the application, by table.',
    ...byTable(stats.tables, 'delivered', labels),
  ),
  figureOf('counter', 'tidings_deliveries_total', 'Deliveries of updates.', [
    stats.delivered.deliveries,
    labels,
  ]),
  figureOf('counter', 'tidings_filtered_updates_total', 'Updates that where kept back.', [
    stats.filtered,
    labels,
  ]),
  figureOf(
    'counter',
    'tidings_folded_updates_total',
    'Updates for which a later one of their key was delivered.',
    [stats.folded, labels],
  ),
]

const losing = (stats: QueueStats, { lastLoss }: QueueHealth, labels: Labels): Figure[] => {
  const of = (table: string | null): Labels => ({ ...labels, table: table ?? '*' })
  const resets = stats.lost.filter(({ reason }) => reason === 'reset')
  const losses = stats.lost.filter(({ reason }) => reason !== 'reset')
  return [
    figureOf(
      'counter',
      'tidings_losses_total',
      'Losses told, by table and reason. The table * is any.',
      ...losses.map((each) => [each.losses, { ...of(each.table), reason: each.reason }] as const),
    ),
    figureOf(
      'counter',
      'tidings_lost_updates_total',
      'Updates lost, where their number is known.',
      ...losses.map((each) => [each.updates, { ...of(each.table), reason: each.reason }] as const),
    ),
    figureOf(
      'gauge',
      'tidings_last_loss_timestamp_seconds',
      'When a loss was told last, seconds since 1970; 0: never.',
      [(lastLoss?.at ?? 0) / 1000, labels],
    ),
    figureOf(
      'counter',
      'tidings_resets_total',
      'Resets told: what a publisher asked to be read again.',
      ...resets.map((each) => [each.losses, of(each.table)] as const),
    ),
    figureOf('counter', 'tidings_behind_total', 'Streams that fell behind: updates were missing.', [
      stats.behind,
      labels,
    ]),
    figureOf('counter', 'tidings_repairs_total', 'Streams that were behind and are not any more.', [
      stats.repaired,
      labels,
    ]),
  ]
}

const waiting = (stats: QueueStats, { lagSeconds }: QueueHealth, labels: Labels): Figure[] => [
  figureOf(
    'gauge',
    'tidings_lag_seconds',
    'Age of the oldest update that has come and that the application has not taken.',
    [lagSeconds, labels],
  ),
  figureOf('gauge', 'tidings_waiting_updates', 'Updates that wait for the application.', [
    stats.waitingUpdates,
    labels,
  ]),
  figureOf('gauge', 'tidings_waiting_bytes', 'Encoded bytes of the updates that wait.', [
    stats.waitingBytes,
    labels,
  ]),
  figureOf('gauge', 'tidings_held_bytes', 'Bytes that wait for others which are missing.', [
    stats.heldBytes,
    labels,
  ]),
  figureOf('gauge', 'tidings_retained_bytes', 'Bytes kept of what was published.', [
    stats.retainedBytes,
    labels,
  ]),
  figureOf('gauge', 'tidings_retention_seconds', 'Age of the oldest that is kept.', [
    stats.retainedMs / 1000,
    labels,
  ]),
]

const surroundings = (stats: QueueStats, health: QueueHealth, labels: Labels): Figure[] => [
  figureOf('gauge', 'tidings_subscriptions', 'Open subscriptions.', [stats.subscriptions, labels]),
  figureOf('gauge', 'tidings_ready', '1: open, and every subscription is ready.', [
    Number(health.ready),
    labels,
  ]),
  figureOf(
    'gauge',
    'tidings_publishers',
    'Publishers that the subscriptions know, by state.',
    ...Object.entries(stats.publishers).map(
      ([state, count]) => [count, { ...labels, state }] as const,
    ),
  ),
  figureOf('gauge', 'tidings_cluster_connected', '1: GENESIS_CLUSTER of this node answers.', [
    Number(health.cluster === 'connected'),
    labels,
  ]),
  figureOf(
    'counter',
    'tidings_refused_total',
    'Messages and requests that were not taken, by reason.',
    ...Object.entries(stats.refused).map(
      ([reason, count]) => [count, { ...labels, reason }] as const,
    ),
  ),
]

/** A table that was only published has no sample among the delivered, and the other way round. */
const byTable = (tables: QueueStats['tables'], count: 'published' | 'delivered', labels: Labels) =>
  Object.entries(tables).flatMap(([table, counts]) =>
    counts[count] > 0 ? [[counts[count], { ...labels, table }] as const] : [],
  )
