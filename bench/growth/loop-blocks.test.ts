import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LoopBlocks } from './loop-blocks.ts'

/** Until a timer of the watch has run again. */
const timers = () => once(AbortSignal.timeout(5), 'abort')

it('finds the longest block and the CPU time in it', async () => {
  const blocks = new LoopBlocks()
  await timers()
  const end = performance.now() + 80
  while (performance.now() < end) Math.random()
  await timers()
  const block = blocks.stop()
  expect(block.ms).toBeGreaterThanOrEqual(79)
  expect(block.cpuMs).toBeGreaterThan(0)
  expect(block.cpuMs).toBeLessThanOrEqual(block.ms + 1)
})

it('takes work in slices for no block', async () => {
  const blocks = new LoopBlocks()
  const before = process.cpuUsage()
  for (let slice = 0; slice < 100_000; slice++) await turn()
  const { user, system } = process.cpuUsage(before)
  const { cpuMs } = blocks.stop()
  // By CPU time: beside other tests the thread itself may have to wait.
  expect(cpuMs).toBeLessThan((user + system) / 1000 / 2)
})
