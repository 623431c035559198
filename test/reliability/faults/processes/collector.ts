import { compiledBytes, liveHeapBytes } from '../../../harness/live-heap.ts'
import { collectNow } from './collect-now.ts'

process.on('message', (message) => {
  if (message === collectNow) process.send?.(liveHeapBytes() - compiledBytes())
})
// It ends as it would without this.
process.channel?.unref()
