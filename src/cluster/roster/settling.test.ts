import { expect, test } from 'vitest'
import { maxUnreachableProcesses, Settling, settleWithinMs } from './settling.ts'

test('D23: nobody to wait for: settled at once', () => {
  expect(new Settling(new Map(), [], 0).state(0)).toEqual({ settled: true, unreachable: [] })
})

test('D23: settles when all have been heard, in whatever order', () => {
  const settling = new Settling(new Map([['1', 'P']]), ['b'], 0)
  expect(settling.state(0).settled).toBe(false)
  settling.nodeHeard('b')
  expect(settling.state(1).settled).toBe(false)
  settling.processHeard('1')
  expect(settling.state(2)).toEqual({ settled: true, unreachable: [] })
})

test('D23: names who is out of touch again, but does not wait for it', () => {
  const settling = new Settling(new Map(), ['b'], 0)
  settling.nodeLost('b')
  expect(settling.state(0)).toEqual({ settled: false, unreachable: [] })
  settling.nodeHeard('b')
  expect(settling.state(0)).toEqual({ settled: true, unreachable: [] })
  settling.nodeLost('b')
  expect(settling.state(1)).toEqual({ settled: true, unreachable: ['b'] })
  settling.nodeHeard('b')
  expect(settling.state(2)).toEqual({ settled: true, unreachable: [] })
})

test('D23: settles by time and names who is missing, until they are heard after all', () => {
  const settling = new Settling(new Map([['1', 'P']]), ['b', 'c'], 100)
  settling.nodeHeard('c')
  expect(settling.state(100 + settleWithinMs - 1)).toEqual({ settled: false, unreachable: [] })
  expect(settling.state(100 + settleWithinMs)).toEqual({ settled: true, unreachable: ['b', 'P'] })
  settling.nodeHeard('b')
  settling.processHeard('1')
  expect(settling.state(100 + settleWithinMs)).toEqual({ settled: true, unreachable: [] })
  const ofNodes = new Settling(new Map(), ['b'], 0)
  expect(ofNodes.state(settleWithinMs - 1).settled).toBe(false)
  ofNodes.nodeHeard('b')
  expect(ofNodes.state(0).settled).toBe(true)
})

test('D23: names all nodes that are missing, and processes up to a number', () => {
  const names = Array.from({ length: 4_000 }, (_, n) => [`${n}`, `P${n}`] as const)
  const settling = new Settling(new Map(names), ['b', 'c'], 0)
  settling.nodeHeard('c')
  settling.nodeLost('c')
  const { unreachable } = settling.state(settleWithinMs)
  expect(unreachable.slice(0, 3)).toEqual(['b', 'c', 'P0'])
  expect(unreachable).toHaveLength(2 + maxUnreachableProcesses)
})
