import type { TablesOf } from '../model/update.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { prometheusText } from './prometheus-text.ts'
import { figuresOf } from './queue-figures.ts'

/**
 * The figures of one queue or several of this process as the text of Prometheus, to be answered with
 * `metricsContentType`. The histograms count from the first call on.
 */
export function metricsText<Tables extends TablesOf>(
  ...queues: readonly UpdateQueue<Tables>[]
): string {
  return prometheusText(figuresOf(queues as readonly UpdateQueue[]))
}
