import { afterEach } from 'vitest'
import { childrenLogs, endChildren } from './child.ts'

/** After each test of the file: shows what the processes said if it failed, and ends them all. */
export function endProcessesAfterEach(): void {
  afterEach(async ({ task }) => {
    const logs = childrenLogs()
    await endChildren()
    if (task.result?.state === 'fail') console.error(logs)
  })
}
