interface Escape {
  /** What it stands for; the text itself where it is none. */
  readonly text: string
  /** UTF-16 units of it in the source. */
  readonly length: number
  readonly complaint: string | null
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['t', '\t'],
  ['b', '\b'],
  ['n', '\n'],
  ['r', '\r'],
  ["'", "'"],
  ['"', '"'],
  ['\\', '\\'],
  ['$', '$'],
])

const escapes = String.raw`\t \b \n \r \' \" \\ \$ \uXXXX`

const unicodeEscape = /\\u([0-9a-fA-F]{4})/y

/** Reads Kotlin's escape at `offset`, where a backslash stands. */
export function readEscape(text: string, offset: number): Escape {
  const letter = text[offset + 1] ?? ''
  const simple = simpleEscapes.get(letter)
  if (simple !== undefined) return { text: simple, length: 2, complaint: null }
  if (letter === 'u') {
    unicodeEscape.lastIndex = offset
    const digits = unicodeEscape.exec(text)?.[1]
    if (digits !== undefined) {
      return { text: String.fromCharCode(Number.parseInt(digits, 16)), length: 6, complaint: null }
    }
    return { text: '\\u', length: 2, complaint: 'expected four hexadecimal digits after "\\u"' }
  }
  // A line end or a surrogate pair is not taken apart: the backslash alone is the mistake.
  const isOneUnit = letter !== '' && !/[\r\n\ud800-\udfff]/.test(letter)
  return {
    text: '\\',
    length: 1,
    complaint: isOneUnit
      ? `unknown escape "\\${letter}": expected one of ${escapes} (a backslash is written \\\\)`
      : 'a backslash is written \\\\',
  }
}
