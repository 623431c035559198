/** A row as PostgreSQL writes it as one text, `(T1,,"a ""b""")`: its values as texts. Null: it is no such text. */
export function recordValues(text: string): (string | null)[] | null {
  if (!text.startsWith('(') || !text.endsWith(')')) return null
  const values: (string | null)[] = []
  const end = text.length - 1
  let at = 1
  for (;;) {
    const found = text.charAt(at) === '"' ? quoted(text, at + 1) : plainValue(text, at)
    if (!found || found.to > end) return null
    values.push(found.value)
    at = found.to
    if (at === end) return values
    if (text.charAt(at) !== ',') return null
    at += 1
  }
}

interface FoundValue {
  readonly value: string | null
  /** Just behind it. */
  readonly to: number
}

/** Nothing between two commas is null: an empty text is written `""`. */
function plainValue(text: string, from: number): FoundValue {
  const comma = text.indexOf(',', from)
  const to = comma < 0 ? text.length - 1 : comma
  return { value: to === from ? null : text.slice(from, to), to }
}

/** Quotes and backslashes stand twice in it. */
function quoted(text: string, from: number): FoundValue | null {
  let value = ''
  let start = from
  for (let at = from; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character !== quote && character !== backslash) continue
    value += text.slice(start, at)
    if (text.charCodeAt(at + 1) !== character)
      return character === quote ? { value, to: at + 1 } : null
    at += 1
    start = at
  }
  return null
}

const quote = 0x22
const backslash = 0x5c
