import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { inputLines, UnreadableInput } from './input-lines.ts'

const never = new AbortController().signal

async function linesOf(...parts: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = []
  const input = Readable.from(parts.map((part) => Buffer.from(part)))
  for await (const { number, text } of inputLines(input, never)) lines.push(`${number} ${text}`)
  return lines
}

it('a line ends with \\n alone, and what Unicode calls a line separator is a character', async () => {
  expect(await linesOf('a\u2028b\u2029c\u0085d\re\nf')).toEqual([
    '1 a\u2028b\u2029c\u0085d\re',
    '2 f',
  ])
  expect(await linesOf('a\r\n\r\nb\r\n')).toEqual(['1 a', '2 ', '3 b'])
  expect(await linesOf('')).toEqual([])
})

it('a byte order mark is passed over, before the first line alone', async () => {
  expect(await linesOf('\ufeffa\n\ufeffb')).toEqual(['1 a', '2 \ufeffb'])
})

it('a character may be cut by chunks anywhere', async () => {
  const text = '\ufeff山💥\nü\n'
  const bytes = Buffer.from(text)
  const single = Array.from(bytes, (_, n) => bytes.subarray(n, n + 1))
  expect(await linesOf(...single)).toEqual(['1 山💥', '2 ü'])
})

it('a line that is not UTF-8 is named by its number', async () => {
  await expect(linesOf('a\n', Buffer.from([0x22, 0xff, 0x0a]))).rejects.toMatchObject({
    code: 'USAGE',
    message: 'stdin:2: the line is not UTF-8 [USAGE]',
  })
})

it('an input that cannot be read is no end of it', async () => {
  const input = new Readable({
    read() {
      this.destroy(new Error('EIO'))
    },
  })
  await expect(inputLines(input, never).next()).rejects.toThrow(UnreadableInput)
})

it('an abort ends it, and what it has of the next line is not taken', async () => {
  const stop = new AbortController()
  const input = new Readable({ read() {} })
  input.push('a\nhalf a li')
  const lines = inputLines(input, stop.signal)
  expect(await lines.next()).toMatchObject({ value: { text: 'a' } })
  const next = lines.next()
  stop.abort()
  expect(await next).toEqual({ done: true, value: undefined })
})
