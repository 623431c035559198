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
  const begin = performance.now()
  let slices = 0
  while (performance.now() < begin + 200) {
    slices++
    await turn()
  }
  const { cpuMs } = blocks.stop()
  expect(slices).toBeGreaterThan(1)
  // By CPU time: beside other tests the thread itself may have to wait.
  expect(cpuMs).toBeLessThan(100)
})
