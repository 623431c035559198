import type { Expression, StringExpression, TakeIfExpression } from './syntax.ts'
import type { TokenStream } from './token-stream.ts'

/** The sentence for everything of Kotlin that is no part of a definition. */
export const notAProgram = 'this reader understands definitions, not programs'

/** Expressions and blocks in one another. The recursion below needs an end; no definition is near it. */
export const maxNesting = 64

const operators = new Set([
  '+',
  '-',
  '*',
  '/',
  '%',
  '<',
  '>',
  '&',
  '|',
  '!',
  '.',
  '?.',
  '?',
  '[',
  ':',
])

const wordOperators = new Set(['to', 'as', 'is', 'in', 'until', 'downTo', 'step'])

/** What begins a value in a program, and none in a definition. */
const programMarks = new Set(['{', '!', '*', '@', '+'])

/**
 * Each reads what its name says and returns null after a complaint. The caller goes on at the next
 * argument or statement.
 */
export class ExpressionParser {
  readonly stream: TokenStream
  #depth = 0

  constructor(stream: TokenStream) {
    this.stream = stream
  }

  /**
   * A value of an argument; one that is a program and no definition is kept unread up to the `,` or `)`
   * behind it, with what there was to complain about: whether it matters is not known here.
   */
  parseKept(): Expression | null {
    const { stream } = this
    const { place } = stream
    const before = stream.complaints.length
    const { start } = stream.peek()
    const value = this.parse()
    const complaint = stream.complaints[before]
    if (complaint === undefined || !complaint.message.endsWith(notAProgram)) return value
    const [reached, told] = [stream.place, stream.complaints.slice(before)]
    stream.rewind(place, before)
    if (skipValue(stream)) return { kind: 'unread', start, complaint }
    stream.rewind(reached, before)
    stream.complaints.push(...told)
    return null
  }

  /** elvis := postfix ("?:" elvis)? */
  parse(): Expression | null {
    const start = this.stream.peek().start
    const first = this.parseOperand()
    if (first === null) return null
    if (this.stream.take('?:')) {
      const second = this.#nested(() => this.parse())
      return second && { kind: 'elvis', start, first, second }
    }
    return this.#refuseOperator() ? first : null
  }

  /** operand := primary ((".takeIf" | "?.takeIf") "{" predicate "}")*, up to `?:` or `?.let`. */
  parseOperand(): Expression | null {
    let subject = this.#nested(() => this.#parsePrimary())
    while (subject && this.#atMember('takeIf')) {
      const start = this.stream.next().start
      this.stream.next()
      const predicate = this.#parsePredicate()
      subject = predicate && { kind: 'takeIf', start, subject, predicate }
    }
    return subject
  }

  #atMember(name: string): boolean {
    return (this.stream.at('.') || this.stream.at('?.')) && this.stream.atName(name, 1)
  }

  #refuseOperator(): boolean {
    const token = this.stream.peek()
    if (token.kind === 'punctuation' && operators.has(token.text)) {
      if (token.startsLine && token.text !== '.' && token.text !== '?.') return true
      return this.stream.complain(`"${token.text}" after a value: ${notAProgram}`)
    }
    if (token.kind === 'name' && wordOperators.has(token.text))
      return this.stream.complain(`"${token.text}" after a value: ${notAProgram}`)
    return true
  }

  #parsePrimary(): Expression | null {
    const token = this.stream.peek()
    switch (token.kind) {
      case 'string-start':
        return this.#parseString()
      case 'number':
        this.stream.next()
        return { kind: 'literal', start: token.start, text: numberText(token.text) }
      case 'character':
        this.stream.next()
        if (token.damaged) return null
        return { kind: 'literal', start: token.start, text: token.text }
      case 'name':
        return this.#parseName()
      default:
        return this.#parseMark()
    }
  }

  #parseMark(): Expression | null {
    const { start } = this.stream.peek()
    if (this.stream.at('-') && this.stream.peek(1).kind === 'number') {
      this.stream.next()
      return { kind: 'literal', start, text: `-${numberText(this.stream.next().text)}` }
    }
    if (this.stream.take('(')) {
      const inner = this.parse()
      return inner && this.stream.expect(')', 'to close the parenthesis') ? inner : null
    }
    const mark = this.stream.peek()
    if (mark.kind === 'punctuation' && programMarks.has(mark.text))
      this.stream.complain(`"${mark.text}" as a value: ${notAProgram}`)
    else this.stream.complain(`expected a value, found ${this.stream.describe()}`)
    return null
  }

  #parseName(): Expression | null {
    const token = this.stream.peek()
    const { start, text } = token
    if (text === 'if' || text === 'when' || text === 'try' || text === 'throw' || text === 'fun') {
      this.stream.complain(`"${text}": ${notAProgram}`)
      return null
    }
    this.stream.next()
    if (text === 'true' || text === 'false') return { kind: 'literal', start, text }
    if (text === 'null') return { kind: 'null', start }
    if (text === 'env' && this.stream.at('[')) return this.#parseEnv(start)
    let name = text
    let shown = this.stream.shown(token)
    while (this.stream.at('.') && this.stream.peek(1).kind === 'name') {
      if (this.stream.atName('takeIf', 1) || this.stream.atName('let', 1)) break
      this.stream.next()
      const member = this.stream.next()
      name += `.${member.text}`
      shown += `.${this.stream.shown(member)}`
      if (name === 'System.getenv' && this.stream.at('(')) return this.#parseGetenv(start)
    }
    const isCall = this.stream.at('(')
    if (isCall && !this.#skipCall()) return null
    // Behind a name with a value of its own it is a block, and a ")" is missing.
    if (this.stream.at('{') && name !== 'LOCAL_HOST' && name !== 'it') {
      this.stream.complain(`"${shown} {": ${notAProgram}`, token)
      return null
    }
    return { kind: isCall ? 'call' : 'name', start, name, shown }
  }

  /** The arguments of a call that means nothing here: only their brackets must match. */
  #skipCall(): boolean {
    const open = this.stream.peek()
    let depth = 0
    do {
      if (this.stream.ended) return this.stream.complain('this "(" is not closed', open)
      if (this.stream.at('(')) depth++
      if (this.stream.at(')')) depth--
      this.stream.next()
    } while (depth > 0)
    return true
  }

  #parseEnv(start: number): Expression | null {
    this.stream.next()
    const variable = this.parse()
    if (variable === null) return null
    let fallback: Expression | null = null
    if (this.stream.take(',') && !this.stream.at(']')) {
      fallback = this.parse()
      if (fallback === null) return null
      this.stream.take(',')
    }
    return this.stream.expect(']', 'to close env[')
      ? { kind: 'env', start, variable, fallback }
      : null
  }

  #parseGetenv(start: number): Expression | null {
    this.stream.next()
    const variable = this.parse()
    if (variable === null) return null
    return this.stream.expect(')', 'to close System.getenv(')
      ? { kind: 'getenv', start, variable }
      : null
  }

  #parsePredicate(): TakeIfExpression['predicate'] | null {
    const { stream } = this
    const start = stream.peek()
    const name = stream.peek(3)
    const fits =
      stream.at('{') &&
      stream.atName('it', 1) &&
      stream.at('.', 2) &&
      (stream.atName('isNotBlank', 3) || stream.atName('isNotEmpty', 3)) &&
      stream.at('(', 4) &&
      stream.at(')', 5) &&
      stream.at('}', 6)
    if (!fits) {
      stream.complain(`expected { it.isNotBlank() } after takeIf: ${notAProgram}`, start)
      return null
    }
    for (let taken = 0; taken < 7; taken++) stream.next()
    return name.text === 'isNotEmpty' ? 'isNotEmpty' : 'isNotBlank'
  }

  #parseString(): StringExpression | null {
    const { start } = this.stream.next()
    const parts: (string | Expression)[] = []
    let isDamaged = false
    for (;;) {
      const token = this.stream.next()
      if (token.damaged) isDamaged = true
      switch (token.kind) {
        case 'string-end':
          // What the lexer complained about is not judged as a value as well.
          return isDamaged ? null : { kind: 'string', start, parts }
        case 'text':
          parts.push(token.text)
          break
        case 'template-name': {
          const shown = this.stream.shown(token)
          parts.push({ kind: 'name', start: token.start, name: token.text, shown })
          break
        }
        case 'template-start': {
          const inner = this.parse()
          if (inner === null || !this.#endTemplate()) {
            this.#skipString()
            return null
          }
          parts.push(inner)
          break
        }
        default:
          return null
      }
    }
  }

  #endTemplate(): boolean {
    if (this.stream.peek().kind === 'template-end') {
      this.stream.next()
      return true
    }
    return this.stream.complain(`expected "}" after the value, found ${this.stream.describe()}`)
  }

  /** To the end of the string that we are in, so that what follows it is read as what it is. */
  #skipString(): void {
    let depth = 1
    while (depth > 0 && !this.stream.ended) {
      const { kind } = this.stream.next()
      if (kind === 'string-start') depth++
      if (kind === 'string-end') depth--
    }
  }

  #nested<T>(read: () => T | null): T | null {
    if (this.#depth >= maxNesting) {
      this.stream.complain(`nested more than ${maxNesting} deep`)
      return null
    }
    this.#depth++
    try {
      return read()
    } finally {
      this.#depth--
    }
  }
}

const closing = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['<', '>'],
])

/**
 * Past a value of whatever it is made of, up to the `,` or `)` that ends the argument. False where its
 * brackets do not match, or the file ends in it.
 */
function skipValue(stream: TokenStream): boolean {
  const open: string[] = []
  let strings = 0
  let afterName = false
  while (!stream.ended) {
    const { kind, text } = stream.peek()
    const isMark = kind === 'punctuation' && strings === 0
    if (isMark && open.length === 0 && (text === ',' || text === ')')) return true
    if (kind === 'string-start') strings += 1
    if (kind === 'string-end') strings -= 1
    // "<" is a bracket behind a name only: of `listOf<String>`, and not of `1 < 2`.
    if (isMark && closing.has(text) && (text !== '<' || afterName)) open.push(text)
    else if (isMark && (text === ')' || text === ']' || text === '}')) {
      while (open.at(-1) === '<') open.pop()
      if (closing.get(open.pop() ?? '') !== text) return false
    } else if (isMark && text === '>' && open.at(-1) === '<') open.pop()
    afterName = kind === 'name'
    stream.next()
  }
  return false
}

/** The number as Kotlin would print it: without `_` and type suffix. */
function numberText(literal: string): string {
  const digits = literal.replaceAll('_', '')
  if (/^0x/i.test(digits)) return BigInt(digits.replace(/[lu]+$/i, '')).toString()
  return digits.replace(/[LlFfuU]+$/, '')
}
