import { beforeEach, expect, it } from 'vitest'
import { decodeForeign } from '../wire/frames/foreign.ts'
import { wireLimits } from '../wire/limits.ts'
import { BrokerSource } from './broker-source.ts'
import { MessageRun } from './message-run.ts'

const topic = 'update/TRADE/'

let source: BrokerSource
let messages: Buffer[]
let refused: string[]
let interrupted: string[]

beforeEach(() => {
  ;[messages, refused, interrupted] = [[], [], []]
  const handlers = {
    messages: (bytes: Buffer) => void messages.push(bytes),
    refused: (head: Buffer, reason: string) => void refused.push(`${head.toString()} ${reason}`),
    subscribed: () => {},
    interrupted: (why: string) => void interrupted.push(why),
    stranger: () => {},
  }
  source = new BrokerSource(handlers, (table, reason) => void refused.push(`${table} ${reason}`))
})

it.each([1, 300])(
  'W5: a message at a broker is read as one of ZeroMQ, with %i bytes of text',
  (size) => {
    const record = { TEXT: 'x'.repeat(size) }
    source.message(topic, Buffer.from(JSON.stringify({ kind: 'insert', record })))
    const read = messages.map((bytes) => decodeForeign(new MessageRun(bytes, 1).shift()))
    expect(read).toMatchObject([{ kind: 'foreign', table: 'TRADE', updates: [{ record }] }])
  },
)

it('W5: one that is too large is refused by its topic', () => {
  source.message(topic, Buffer.alloc(wireLimits.maxForeignBytes + 500, 0x20))
  expect([messages, refused]).toEqual([[], ['update/TRADE/ too-large']])
})

it('W5: what a broker has kept is told as refused, and has no place among the others', () => {
  source.retained(topic)
  source.retained('update/')
  expect([messages, refused]).toEqual([[], ['TRADE retained', 'null retained']])
})

it('W5: what is kept is told by who takes what comes, and not by who stands by', () => {
  source.opening()
  source.retained(topic)
  source.opening()
  expect(refused).toEqual([])
  source.retained(topic)
  source.opened()
  expect(refused).toEqual(['TRADE retained'])
})

it('W5: what was published while the intake began anew is told as missing, also where it stood by meanwhile', () => {
  source.opening()
  source.opening()
  source.opened()
  expect(interrupted).toEqual([])
  // The queue has ended; another one is opened when the other intake is gone.
  source.opening()
  source.opening()
  source.opened()
  expect(interrupted).toEqual([expect.stringContaining('has begun anew')])
})

it('W5: nothing is taken when nothing more is wanted', () => {
  source.unsubscribe()
  source.message(topic, Buffer.from('{}'))
  expect(messages).toEqual([])
})
