import { type ClusterEvent, isWarning } from '../cluster/cluster-event.ts'
import type { ToldCounts } from '../metrics/cluster-figures.ts'

/** Counts what GENESIS_CLUSTER tells. */
export class EventTally implements ToldCounts {
  warnings = 0
  refusedRegistrations = 0
  readonly refusedMessages = new Map<string, number>()

  note(event: ClusterEvent): void {
    if (isWarning(event)) this.warnings += 1
    if (event.type === 'process' && event.state === 'refused') this.refusedRegistrations += 1
    if (event.type === 'left-out') this.refusedRegistrations += event.refused
    if (event.type !== 'refused') return
    const { reason, count } = event
    this.refusedMessages.set(reason, (this.refusedMessages.get(reason) ?? 0) + count)
  }
}
