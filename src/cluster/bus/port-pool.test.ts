import { expect, test } from 'vitest'
import { PortPool, firstHandedPort, lastHandedPort, portRestMs } from './port-pool.ts'

const ports = { inbound: 11_001, outbound: 21_002, cluster: 3, registry: 4, relay: 5, export: 6 }
const nobody = () => new Set<number>()

test('neither a process port nor its ZeroMQ port is one that is spoken for', () => {
  const pool = new PortPool(ports, [11_003])
  expect(pool.take('1', () => new Set([11_000, 21_004]), 0)).toBe(11_005)
})

test('the same again, without asking the system', () => {
  const pool = new PortPool(ports, [])
  let asked = 0
  const listening = () => {
    asked += 1
    return new Set<number>()
  }
  expect(pool.take('1', listening, 0)).toBe(pool.take('1', listening, 1))
  expect(asked).toBe(1)
})

test('D23: free again a while after its release, when its process has closed its sockets', () => {
  const pool = new PortPool(ports, [])
  expect(pool.take('1', nobody, 0)).toBe(firstHandedPort)
  pool.release('1', 1_000)
  expect(pool.take('2', nobody, 1_000 + portRestMs - 1)).toBeGreaterThan(firstHandedPort)
  expect(pool.take('3', nobody, 1_000 + portRestMs)).toBe(firstHandedPort)
})

test('none when all are given', () => {
  const pool = new PortPool(ports, [])
  const all = new Set(Array.from({ length: lastHandedPort + 1 }, (_, port) => port))
  expect(pool.take('1', () => all, 0)).toBeNull()
})
