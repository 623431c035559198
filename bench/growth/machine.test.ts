import { expect, it } from 'vitest'
import { availableMiB, connectionsByPort, processCpuMs, residentMiB } from './machine.ts'

it('counts connections at the listener alone, of one address', () => {
  const table = `  sl  local_address rem_address   st tx_queue
   0: 0205007F:1F90 00000000:0000 0A 00000000:00000000
   1: 0205007F:1F91 00000000:0000 0A 00000000:00000000
   2: 0205007F:1F90 0100007F:C001 01 00000000:00000000
   3: 0205007F:1F90 0100007F:C002 01 00000000:00000000
   4: 0205007F:1F90 0100007F:C003 06 00000000:00000000
   5: 0100007F:C001 0205007F:1F90 01 00000000:00000000
   6: 0305007F:1F90 0100007F:C004 01 00000000:00000000
   7: 0205007F:C005 0205007F:1F91 01 00000000:00000000
`
  expect([...connectionsByPort('127.0.5.2', table)]).toEqual([
    [8080, 2],
    [8081, 0],
  ])
})

it('reads its own process', () => {
  const { user, system } = process.cpuUsage()
  const { rss } = process.memoryUsage()
  expect(Math.abs(processCpuMs(process.pid) - (user + system) / 1000)).toBeLessThan(100)
  expect(residentMiB(process.pid) / (rss / 1024 ** 2)).toBeCloseTo(1, 0)
  expect(availableMiB()).toBeGreaterThan(0)
})
