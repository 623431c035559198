import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { BoundedLog, mostWaitingBytes } from './bounded-log.ts'

test('what nobody reads is bounded, and how much was left out is said when somebody does', async () => {
  const stream = new PassThrough()
  const log = new BoundedLog(stream)
  const line = 'x'.repeat(99)
  const lines = (3 * mostWaitingBytes) / 100
  for (let n = 0; n < lines; n += 1) log.say(line)
  const waiting = stream.writableLength + stream.readableLength
  expect(waiting).toBeLessThan(2 * mostWaitingBytes)
  const drained = new Promise((resolve) => stream.once('drain', resolve))
  const read = text(stream)
  await drained
  log.say('read again')
  stream.end()
  const said = (await read).trimEnd().split('\n')
  const kept = said.filter((each) => each === line).length
  expect(said.at(-2)).toContain(`${Math.ceil(lines) - kept} lines were left out here`)
  expect(said.at(-1)).toBe('read again')
})
