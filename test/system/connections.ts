/** `npm run connections`: counts the connections of ten processes, in each shape, from outside. */
import { childrenLogs, endChildren } from '../harness/child.ts'
import { isRelay, shapes } from '../harness/definition-file.ts'
import { maxNodes } from '../harness/loopback.ts'
import { processes, runConnections } from './connections-run.ts'

const rows: Record<string, string | number>[] = []
for (const shape of shapes) {
  if (isRelay(shape) && maxNodes < 2) {
    console.log(`${shape}: not run, this system has one loopback address`)
    continue
  }
  try {
    const { processes: toProcesses, ...counts } = await runConnections(shape)
    rows.push({ shape, processes, 'to processes': toProcesses, ...counts })
  } catch (error) {
    console.error(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}
console.table(rows)
