import { writeHeapSnapshot } from 'node:v8'
import { compiledBytes, liveHeapBytes } from '../../../harness/live-heap.ts'
import { collectNow, type SnapshotNow } from './collect-now.ts'

process.on('message', (message: typeof collectNow | SnapshotNow) => {
  if (message === collectNow) process.send?.(liveHeapBytes() - compiledBytes())
  else process.send?.(writeHeapSnapshot(message.snapshot))
})
// It ends as it would without this.
process.channel?.unref()
