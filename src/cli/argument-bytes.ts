import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { TidingsError } from '../base/tidings-error.ts'

/** What Node puts for bytes that are no character. */
const replacement = '\ufffd'

const remedies = {
  RECORD: 'publish it from stdin',
  TABLE: 'name it in a line of --updates',
} as const

/**
 * Node gives arguments as text, in which bytes that are not UTF-8 have become U+FFFD: they would be published so. Throws
 * USAGE where `text` was not given in UTF-8, or where U+FFFD stands in it and nobody can tell whether it was.
 * `commandLine`: the bytes of all arguments, each ended by 0; null: the system does not tell them.
 */
export function checkGivenInUtf8(
  name: keyof typeof remedies,
  text: string | undefined,
  commandLine: () => Buffer | null,
): void {
  if (text?.includes(replacement) !== true) return
  const given = commandLine()
  const words = given === null ? [] : wordsOf(given)
  const bytes = Buffer.from(text)
  if (words.some((word) => word.equals(bytes))) return
  throw new TidingsError(
    'USAGE',
    words.some((word) => !isUtf8(word))
      ? `${name} is not UTF-8: ${remedies[name]}, in UTF-8`
      : `${name} has the character U+FFFD, which also stands for bytes that are not UTF-8: ${remedies[name]}, or write it as \\ufffd`,
  )
}

function wordsOf(commandLine: Buffer): Buffer[] {
  const words: Buffer[] = []
  let from = 0
  for (let end = commandLine.indexOf(0); end >= 0; end = commandLine.indexOf(0, from)) {
    words.push(commandLine.subarray(from, end))
    from = end + 1
  }
  return words
}

/** Of this process; Linux tells it. */
export function ownCommandLine(): Buffer | null {
  try {
    return readFileSync('/proc/self/cmdline')
  } catch {
    return null
  }
}
