import { isUtf8 } from 'node:buffer'
import { fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { TidingsError } from '../base/tidings-error.ts'

/** Bytes of a line: a commit of 32 MiB is at most about as much JSON, and a line is kept whole. */
const maxLineBytes = 64 * 1024 * 1024

/** A line of the input, without what ends it. */
interface InputLine {
  /** From 1. */
  readonly number: number
  readonly text: string
  readonly bytes: number
}

/** The input cannot be read on: an error of the system, not of what stands in it. */
export class UnreadableInput extends Error {}

const newline = 0x0a
const carriageReturn = 0x0d
const byteOrderMark = '\ufeff'

/**
 * The lines of an input, which `\n` ends and nothing else: U+2028 and a lone `\r` may stand in a JSON text. A
 * byte order mark before the first is passed over. Ends early when the signal is aborted. Throws USAGE where a line is
 * not UTF-8, LIMIT_EXCEEDED where one is too long, UnreadableInput.
 */
export async function* inputLines(input: Readable, signal: AbortSignal): AsyncGenerator<InputLine> {
  let parts: Buffer[] = []
  let bytes = 0
  let number = 0
  const line = (): InputLine => {
    const whole = Buffer.concat(parts)
    parts = []
    bytes = 0
    return lineOf(whole, ++number)
  }
  for await (const chunk of chunks(input, signal)) {
    let from = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, end))
      from = end + 1
      yield line()
    }
    parts.push(chunk.subarray(from))
    bytes += chunk.length - from
    if (bytes > maxLineBytes)
      throw new TidingsError(
        'LIMIT_EXCEEDED',
        `stdin:${number + 1}: a line of more than ${maxLineBytes} bytes (maxLineBytes)`,
      )
  }
  if (bytes > 0 && !signal.aborted) yield line()
}

function lineOf(whole: Buffer, number: number): InputLine {
  if (!isUtf8(whole)) throw new TidingsError('USAGE', `stdin:${number}: the line is not UTF-8`)
  const end = whole.at(-1) === carriageReturn ? whole.length - 1 : whole.length
  const text = whole.utf8Slice(0, end)
  return { number, text: number === 1 ? withoutMark(text) : text, bytes: whole.length }
}

/** A byte order mark is no part of a text. */
export const withoutMark = (text: string): string =>
  text.startsWith(byteOrderMark) ? text.slice(1) : text

/** What comes until the end or the abort, whichever is first. */
async function* chunks(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { promise: aborted, resolve: abort } = Promise.withResolvers<null>()
  const onAbort = (): void => abort(null)
  signal.addEventListener('abort', onAbort, { once: true })
  const iterator = input.iterator({ destroyOnReturn: false })
  try {
    while (!signal.aborted) {
      const next = await Promise.race([iterator.next() as Promise<IteratorResult<Buffer>>, aborted])
      if (next === null || next.done === true) return
      yield next.value
    }
  } catch (reason) {
    const said = reason instanceof Error ? reason.message : String(reason)
    throw new UnreadableInput(`stdin cannot be read: ${said}`, { cause: reason })
  } finally {
    signal.removeEventListener('abort', onAbort)
    // A read that is under way would keep the process.
    input.destroy()
  }
}

/** Node takes an input of which it does not know what it is, such as a folder, for an empty one. */
export function standardInput(): Readable {
  if (fstatSync(0).isDirectory()) throw new UnreadableInput('stdin cannot be read: it is a folder')
  return process.stdin
}
