import { expect, test } from 'vitest'
import { fairReceive } from './fair-receive.ts'

test('timers get their turn while messages never stop coming', async () => {
  async function* endless() {
    for (let n = 0; ; n += 1) yield n
  }
  let fired = false
  setTimeout(() => {
    fired = true
  }, 20)
  let last = -1
  for await (const n of fairReceive(endless())) {
    expect(n).toBe(last + 1)
    last = n
    if (fired) break
  }
  expect(last).toBeGreaterThan(0)
})
