import { TidingsError } from '../base/tidings-error.ts'
import { formatProblem, problemAt } from '../definition/problem.ts'
import { SourceText } from '../definition/source-text.ts'
import type { Comparable, FieldConditions } from '../model/where.ts'

type Literal = Comparable | null

/** For each field what has to hold. */
export type RecordConditions = Readonly<Record<string, FieldConditions>>

interface WhereToken {
  readonly kind: 'number' | 'bigint' | 'text' | 'field' | 'word' | 'sign' | 'end'
  /** As it is written; of texts and quoted fields what stands between the quotes. */
  readonly text: string
  readonly at: number
}

const signs = {
  '=': 'eq',
  '!=': 'not',
  '<>': 'not',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
} as const

const patterns = [
  ['bigint', /-?\d+n(?!\w)/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w)/y],
  ['text', /'(?:[^']|'')*'/y],
  ['field', /"(?:[^"]|"")+"/y],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['sign', /<=|>=|<>|!=|[=<>(),]/y],
] as const

/**
 * Conditions on records as they are written behind `--where`, e.g. `SIDE = 'BUY' and PRICE >= 100`: all have to hold.
 * Throws TidingsError USAGE that names the place and what was expected there.
 */
export function whereOf(text: string): RecordConditions {
  return new WhereReader(text).read()
}

class WhereReader {
  readonly #source: SourceText
  readonly #where: Record<string, Record<string, unknown>> = {}
  #next: WhereToken
  #endOfNext = 0

  constructor(text: string) {
    this.#source = new SourceText('--where', text)
    this.#next = this.#scan(0)
  }

  read(): RecordConditions {
    do this.#condition()
    while (this.#takes('and'))
    if (this.#next.kind !== 'end') this.#refuse('"and" or the end')
    return this.#where
  }

  #condition(): void {
    const field = this.#next
    if (field.kind !== 'word' && field.kind !== 'field') this.#refuse('the name of a field')
    this.#take()
    const sign = this.#next
    if (this.#takes('in')) {
      this.#add(field, 'in', this.#list())
      return
    }
    const operator = signs[sign.text as keyof typeof signs]
    if (sign.kind !== 'sign' || operator === undefined)
      this.#refuse(`"in" or one of ${Object.keys(signs).join(' ')} behind the field ${field.text}`)
    this.#take()
    this.#add(field, operator, this.#value(operator === 'eq' || operator === 'not'))
  }

  #list(): Literal[] {
    if (!this.#takes('(')) this.#refuse('"(" behind "in"')
    const values: Literal[] = []
    do values.push(this.#value(true))
    while (this.#takes(','))
    if (!this.#takes(')')) this.#refuse('"," or ")"')
    return values
  }

  /** `isAnyType`: true, false and null have no order, and can only be equal to something. */
  #value(isAnyType: boolean): Literal {
    const { kind, text, at } = this.#next
    if (kind === 'text') return this.#taken(text)
    if (kind === 'bigint') return this.#taken(BigInt(text.slice(0, -1)))
    if (kind === 'number') {
      const value = this.#taken(Number(text))
      if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value
      return this.#fail(at, `${text} is not exact as a number: write it as a bigint, ${text}n`)
    }
    if (this.#takes('date')) return this.#date()
    if (isAnyType) {
      if (this.#takes('true')) return true
      if (this.#takes('false')) return false
      if (this.#takes('null')) return null
    }
    const more = isAnyType ? ', true, false, null' : ''
    return this.#refuse(
      `a value: 'text', a number, a bigint such as 5n${more} or date '2026-01-31'`,
    )
  }

  #date(): Date {
    const { kind, text } = this.#next
    const date = new Date(text)
    if (kind !== 'text' || Number.isNaN(date.getTime()))
      return this.#refuse("a time of ISO 8601 behind date, e.g. '2026-01-31T12:00:00Z'")
    return this.#taken(date)
  }

  #add({ text: field, at }: WhereToken, operator: string, value: unknown): void {
    const conditions = Object.hasOwn(this.#where, field) ? (this.#where[field] ?? {}) : {}
    if (operator in conditions)
      this.#fail(at, `the field ${field} has this condition already: each may stand once`)
    Object.defineProperty(this.#where, field, {
      value: { ...conditions, [operator]: value },
      configurable: true,
      enumerable: true,
    })
  }

  /** Words are the same in capitals. */
  #takes(word: string): boolean {
    const { kind, text } = this.#next
    const isThere = (kind === 'word' || kind === 'sign') && text.toLowerCase() === word
    if (isThere) this.#take()
    return isThere
  }

  #taken<Value>(value: Value): Value {
    this.#take()
    return value
  }

  #take(): void {
    this.#next = this.#scan(this.#endOfNext)
  }

  #scan(from: number): WhereToken {
    const { text } = this.#source
    const at = from + (/^\s*/.exec(text.slice(from))?.[0].length ?? 0)
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at
      const [found] = pattern.exec(text) ?? []
      if (found === undefined) continue
      this.#endOfNext = at + found.length
      return { kind, text: unquoted(found), at }
    }
    const [wrong] = text.slice(at)
    if (wrong === "'" || wrong === '"') this.#fail(at, `no ${wrong} ends what begins here`)
    if (wrong !== undefined) this.#fail(at, `expected a field, a sign or a value, got ${wrong}`)
    return { kind: 'end', text: '', at }
  }

  #refuse(expected: string): never {
    const { kind, text, at } = this.#next
    return this.#fail(at, `expected ${expected}, got ${kind === 'end' ? 'the end' : `"${text}"`}`)
  }

  #fail(offset: number, message: string): never {
    const place = { source: this.#source, offset }
    throw new TidingsError('USAGE', formatProblem(problemAt(place, message)))
  }
}

/** Within quotes the same one stands twice. */
function unquoted(text: string): string {
  const quote = text[0] ?? ''
  return quote === "'" || quote === '"' ? text.slice(1, -1).replaceAll(quote + quote, quote) : text
}
