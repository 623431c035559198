import { expect, test } from 'vitest'
import { PortPool, portRestMs } from './port-pool.ts'

const ports = { inbound: 11_001, outbound: 21_002, cluster: 3, registry: 4, relay: 5, export: 6 }
const range = { first: 11_000, last: 55_535 }
const nobody = () => new Set<number>()

test('neither a process port nor its ZeroMQ port is one that is spoken for', () => {
  const pool = new PortPool(ports, [11_003], range)
  expect(pool.take('1', () => new Set([11_000, 21_004]), 0)).toBe(11_005)
})

test('the same again, without asking the system', () => {
  const pool = new PortPool(ports, [], range)
  let asked = 0
  const listening = () => {
    asked += 1
    return new Set<number>()
  }
  expect(pool.take('1', listening, 0)).toBe(pool.take('1', listening, 1))
  expect(asked).toBe(1)
})

test('D23: free again a while after its release, when its process has closed its sockets', () => {
  const pool = new PortPool(ports, [], range)
  expect(pool.take('1', nobody, 0)).toBe(range.first)
  pool.release('1', 1_000)
  expect(pool.take('2', nobody, 1_000 + portRestMs - 1)).toBeGreaterThan(range.first)
  expect(pool.take('3', nobody, 1_000 + portRestMs)).toBe(range.first)
})

test('none when all are given', () => {
  const pool = new PortPool(ports, [], range)
  const all = new Set(Array.from({ length: range.last + 1 }, (_, port) => port))
  expect(pool.take('1', () => all, 0)).toBeNull()
})

test('no port outside of the range is handed out', () => {
  const pool = new PortPool(ports, [12_001], { first: 12_000, last: 12_002 })
  const taken = ['1', '2', '3'].map((incarnation) => pool.take(incarnation, nobody, 0))
  expect(taken).toEqual([12_000, 12_002, null])
  pool.release('1', 0)
  expect(pool.take('3', nobody, portRestMs)).toBe(12_000)
})
