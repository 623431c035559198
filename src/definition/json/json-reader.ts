import { assertNever } from '../../base/assertion.ts'
import type { SourceText } from '../source-text.ts'
import type { Complaint } from '../token.ts'

/** A JSON value with the offset where it starts. */
export type JsonNode =
  | { readonly kind: 'object'; readonly start: number; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly start: number; readonly elements: readonly JsonNode[] }
  | { readonly kind: 'scalar'; readonly start: number; readonly value: JsonScalar }
  /** In an object that a program gives: what JSON has no notion of, or what nests too deep. No file has it. */
  | { readonly kind: 'none'; readonly start: number }

export type JsonScalar = string | number | boolean | null

export interface JsonMember {
  readonly name: string
  readonly start: number
  readonly value: JsonNode
}

/** A value as JSON on one line. */
export function jsonOf(node: JsonNode): string {
  switch (node.kind) {
    case 'object':
      return `{${node.members.map(({ name, value }) => `${JSON.stringify(name)}:${jsonOf(value)}`).join(',')}}`
    case 'array':
      return `[${node.elements.map(jsonOf).join(',')}]`
    case 'scalar':
      return JSON.stringify(node.value)
    case 'none':
      return '…'
    default:
      return assertNever(node)
  }
}

/** Objects and arrays in one another; a definition needs six. */
const maxJsonNesting = 64

const whitespace = /[ \t\r\n]*/y
const text = /"(?:[^"\\\r\n]|\\[^\r\n])*"/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /[A-Za-z_][\w]*/y

/**
 * Reads JSON (RFC 8259) with the place of every value, which JSON.parse() does not tell. It stops at
 * the first mistake, as JSON has no point at which reading could safely begin again.
 */
export function readJson(source: SourceText): {
  node: JsonNode | null
  complaint: Complaint | null
} {
  const reader = new JsonReader(source.text)
  const node = reader.readFile()
  return { node, complaint: reader.complaint }
}

class JsonReader {
  complaint: Complaint | null = null
  readonly #text: string
  #offset = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  readFile(): JsonNode | null {
    const node = this.#readValue()
    if (node === null) return null
    this.#skipBlanks()
    return this.#offset === this.#text.length ? node : this.#fail('expected the end of the file')
  }

  #readValue(): JsonNode | null {
    this.#skipBlanks()
    const start = this.#offset
    switch (this.#text[start]) {
      case '{':
        return this.#nested(() => this.#readObject(start))
      case '[':
        return this.#nested(() => this.#readArray(start))
      case '"': {
        const value = this.#readText('a text')
        return value === null ? null : { kind: 'scalar', start, value }
      }
      default:
        return this.#readScalar(start)
    }
  }

  #readScalar(start: number): JsonNode | null {
    const digits = this.#match(number)
    if (digits !== null) return { kind: 'scalar', start, value: Number(digits) }
    const name = this.#match(word)
    if (name === 'true' || name === 'false')
      return { kind: 'scalar', start, value: name === 'true' }
    if (name === 'null') return { kind: 'scalar', start, value: null }
    this.#offset = start
    return this.#fail('expected a value (an object, array, text, number, true, false or null)')
  }

  #readObject(start: number): JsonNode | null {
    const members: JsonMember[] = []
    this.#offset++
    if (this.#take('}')) return { kind: 'object', start, members }
    do {
      this.#skipBlanks()
      const memberStart = this.#offset
      const name = this.#readText('a name in double quotes')
      if (name === null) return null
      if (!this.#take(':')) return this.#fail('expected ":" after the name')
      const value = this.#readValue()
      if (value === null) return null
      members.push({ name, start: memberStart, value })
    } while (this.#take(','))
    return this.#take('}')
      ? { kind: 'object', start, members }
      : this.#fail('expected "," or "}" in the object')
  }

  #readArray(start: number): JsonNode | null {
    const elements: JsonNode[] = []
    this.#offset++
    if (this.#take(']')) return { kind: 'array', start, elements }
    do {
      const element = this.#readValue()
      if (element === null) return null
      elements.push(element)
    } while (this.#take(','))
    return this.#take(']')
      ? { kind: 'array', start, elements }
      : this.#fail('expected "," or "]" in the array')
  }

  #readText(expected: string): string | null {
    const start = this.#offset
    const literal = this.#match(text)
    if (literal === null) {
      const isOpen = this.#text[start] === '"'
      return this.#fail(
        isOpen
          ? 'this text is not closed: expected " before the end of the line'
          : `expected ${expected}`,
      )
    }
    try {
      return JSON.parse(literal) as string
    } catch {
      this.#offset = start
      return this.#fail('this text has an escape or a control character that JSON does not know')
    }
  }

  #nested(read: () => JsonNode | null): JsonNode | null {
    if (this.#depth >= maxJsonNesting) return this.#fail(`nested more than ${maxJsonNesting} deep`)
    this.#depth++
    const node = read()
    this.#depth--
    return node
  }

  #take(mark: string): boolean {
    this.#skipBlanks()
    const found = this.#text[this.#offset] === mark
    if (found) this.#offset++
    return found
  }

  #skipBlanks(): void {
    this.#match(whitespace)
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)?.[0] ?? null
    this.#offset += found?.length ?? 0
    return found
  }

  #fail(message: string): null {
    this.complaint ??= { offset: this.#offset, message }
    return null
  }
}
