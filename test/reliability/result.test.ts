import { expect, it } from 'vitest'
import type { Result, ResultRow } from './result.ts'
import { MalformedResult, parseResult } from './result.ts'

const row: ResultRow = {
  id: 'F1',
  fault: 'subscriber killed',
  injected: 'SIGKILL',
  times: 3,
  deliveries: 1_000,
  silent: 0,
  reported: 0,
  falseLosses: null,
  healP50Ms: 12.5,
  healP99Ms: null,
  figure: '',
  met: true,
}
const result: Result = {
  instrument: 'faults',
  command: 'npm run faults',
  at: '2026-01-02T03:04:05.678Z',
  machine: '2 cores, Node 24.0.0',
  seconds: 60.5,
  rows: [row],
}
const parse = (value: unknown) => parseResult(JSON.stringify(value), 'faults.json')
const withRow = (change: object) => ({ ...result, rows: [{ ...row, ...change }] })

it('reads what is written', () => {
  expect(parse(result)).toEqual(result)
})

it.each([
  [[], 'faults.json: the file must be an object'],
  [{ ...result, instrument: 'hope' }, 'instrument must be one of chaos, machines, bars, faults'],
  [{ ...result, at: 'today' }, 'at must be a time'],
  [{ ...result, seconds: -1 }, 'seconds must be a number from 0'],
  [{ ...result, colour: 'red' }, 'colour is not known'],
  [{ ...result, rows: [] }, 'rows must be a list that is not empty'],
  [{ ...result, rows: [row, row] }, 'rows[1].id "F1" is there twice'],
  [withRow({ times: 1.5 }), 'rows[0].times must be a whole number from 0'],
  [withRow({ silent: null }), 'rows[0].silent must be a whole number from 0'],
  [withRow({ deliveries: '7' }), 'rows[0].deliveries must be a whole number from 0, or null'],
  [withRow({ met: 'yes' }), 'rows[0].met must be true or false'],
  [withRow({ fault: ' ' }), 'rows[0].fault must be a string that is not empty'],
  [withRow({ extra: 1 }), 'rows[0].extra is not known'],
])('refuses %#: it says where and why', (value, message) => {
  expect(() => parse(value)).toThrow(MalformedResult)
  expect(() => parse(value)).toThrow(message)
})

it('refuses what is no JSON', () => {
  expect(() => parseResult('{', 'x.json')).toThrow('x.json: is no JSON')
})
