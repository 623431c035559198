import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { OpenOptions } from '../queue/options.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { meetingPoint } from './meeting-point.ts'
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
  let isOpening = true
  const tell = async (): Promise<void> => {
    const point = await meetingPoint(shared)
    if (isOpening) say(`looking for ${point}`)
  }
  // What is wrong with the definition is told by who opens.
  const notice = systemClock.after(silentMs, () => inBackground(tell, () => {}))
  try {
    return await openUpdateQueue({ ...definitionOptions(shared), script, ...options })
  } finally {
    isOpening = false
    notice.cancel()
  }
}
