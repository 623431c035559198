import { expect, it } from 'vitest'
import { residentMiB, residentPartsMiB } from './resident-memory.ts'

it.runIf(process.platform === 'linux')('all parts of resident memory make the whole', () => {
  const { malloc, files, mapped } = residentPartsMiB(process.pid)
  const whole = residentMiB(process.pid)
  expect(Math.min(malloc, files, mapped)).toBeGreaterThan(1)
  expect((malloc + files + mapped) / whole).toBeCloseTo(1, 0.9)
})
