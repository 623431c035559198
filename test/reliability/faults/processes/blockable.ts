/** Imported into GENESIS_CLUSTER by its test: a message blocks its event loop, and nothing else of it. */
import { monotonicMs } from '../order.ts'

export interface BlockMessage {
  readonly blockMs: number
}

process.on('message', ({ blockMs }: BlockMessage) => {
  const until = monotonicMs() + blockMs
  const cell = new Int32Array(new SharedArrayBuffer(4))
  while (monotonicMs() < until) Atomics.wait(cell, 0, 0, until - monotonicMs())
  process.send?.('free again')
})
