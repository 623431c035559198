import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { nextCommonTime } from './common-time.ts'

it('D14: is the next whole multiple, and never now', () => {
  expect(nextCommonTime(1_234.5, 1_000)).toBe(2_000)
  expect(nextCommonTime(2_000, 1_000)).toBe(3_000)
  expect(nextCommonTime(2_000, 1_000, 100)).toBe(2_100)
  expect(nextCommonTime(2_100, 1_000, 100)).toBe(3_100)
  expect(nextCommonTime(50, 1_000, 100)).toBe(100)
})

it('D14: is the same for all processes of a machine: their clocks have one origin', () => {
  const clock = join(import.meta.dirname, 'clock.ts')
  const program = `import { systemClock } from ${JSON.stringify(clock)}; console.log(systemClock.now())`
  const before = systemClock.now()
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(Number(stdout)).toBeGreaterThan(before)
  expect(Number(stdout)).toBeLessThan(systemClock.now())
})
