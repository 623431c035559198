import { systemClock } from '../base/clock.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { OpenOptions } from '../queue/options.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { definitionOptions, type SharedOptions } from './shared-options.ts'
import { say } from './terminal.ts'

/** On one host an opening takes some tens of milliseconds: whoever waits this long wants to know why. */
const silentMs = 1000

/** Opens the queue of a command. */
export async function openScript(
  script: string,
  shared: SharedOptions,
  options: Pick<OpenOptions, 'drainMs' | 'signal'>,
): Promise<UpdateQueue> {
  const notice = systemClock.after(silentMs, () => say('looking for GENESIS_CLUSTER'))
  try {
    return await openUpdateQueue({ ...definitionOptions(shared), script, ...options })
  } finally {
    notice.cancel()
  }
}
