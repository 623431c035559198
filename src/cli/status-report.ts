import type { QueueEvent } from '../queue/queue-event.ts'
import { meetingPoint } from './meeting-point.ts'
import type { SharedOptions } from './shared-options.ts'
import { say } from './terminal.ts'

export const cannotBeReached = (names: readonly string[]): string =>
  `${names.join(', ')}: what is published there does not come until it can be reached`

/** Tells what somebody who watches a command should know of its queue. */
export async function reportStatus(
  events: AsyncIterable<QueueEvent>,
  options: SharedOptions,
): Promise<void> {
  for await (const event of events) {
    if (event.type === 'waiting' && 'missing' in event)
      say(`waiting for ${(event.missing as string[]).join(', ')}`)
    else if (event.type === 'cluster-lost')
      say(`${await meetingPoint(options)} cannot be reached; going on`)
    else if (event.type === 'cluster-found') say(`${await meetingPoint(options)} is back`)
    else if (event.type === 'unreachable') say(`without ${cannotBeReached(event.names)}`)
    else if (event.type === 'reachable') say(`${event.names.join(', ')} can be reached`)
  }
}
