import { assertNever } from '../../base/assertion.ts'
import { notAProgram } from './expression-parser.ts'
import { didYouMean } from '../../base/nearest.ts'
import type { Expression, NameExpression } from './syntax.ts'
import type { Complaint } from '../token.ts'

/** What expressions may ask for. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** This machine's host name: the value of LOCAL_HOST. */
  readonly hostname: string
}

/** A text, Kotlin's null, or undefined where the expression was refused (and complained about). */
export type Value = string | null | undefined

/** The value that `it` stands for, inside of `?.let { }`. */
export type It = string | null

const knownNames = ['LOCAL_HOST', 'true', 'false', 'null', 'env', 'System.getenv']

const plainTextRemedy =
  'text stands in quotes, "$" in text is written \\$, a variable is env["NAME"]'

/** From syntax tree to values. */
export class ExpressionEvaluator {
  readonly complaints: Complaint[] = []
  readonly #surroundings: Surroundings

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
  }

  evaluate(expression: Expression, it: It): Value {
    switch (expression.kind) {
      case 'string':
        return this.#join(expression.parts, it)
      case 'literal':
        return expression.text
      case 'null':
        return null
      case 'name':
        return this.#evaluateName(expression, it)
      case 'env':
        return this.#evaluateEnv(expression, it)
      case 'getenv': {
        const variable = this.evaluate(expression.variable, it)
        return variable === undefined ? undefined : this.#getenv(variable)
      }
      case 'elvis': {
        const first = this.evaluate(expression.first, it)
        const second = this.evaluate(expression.second, it)
        if (first === undefined || second === undefined) return undefined
        return first ?? second
      }
      case 'takeIf': {
        const subject = this.evaluate(expression.subject, it)
        if (typeof subject !== 'string') return subject
        const isEmpty = expression.predicate === 'isNotBlank' ? !subject.trim() : subject === ''
        return isEmpty ? null : subject
      }
      case 'call':
        return this.#refuse(expression.start, `"${expression.shown}(…)": ${notAProgram}`)
      case 'unread':
        return this.#refuse(expression.complaint.offset, expression.complaint.message)
      default:
        return assertNever(expression)
    }
  }

  /** As `evaluate`; what is refused is not complained about but given back. */
  attempt(expression: Expression, it: It): Value | Complaint {
    const before = this.complaints.length
    const value = this.evaluate(expression, it)
    if (value !== undefined) return value
    const [complaint] = this.complaints.splice(before)
    return complaint
  }

  #join(parts: readonly (string | Expression)[], it: It): Value {
    let text = ''
    let isRefused = false
    for (const part of parts) {
      const value = typeof part === 'string' ? part : this.evaluate(part, it)
      if (value === undefined) isRefused = true
      // Kotlin would print "null" for a variable that is not set; nobody means that.
      text += value ?? ''
    }
    return isRefused ? undefined : text
  }

  #evaluateName({ name, shown, start }: NameExpression, it: It): Value {
    if (name === 'LOCAL_HOST') return this.#surroundings.hostname
    if (name === 'it' && it !== null) return it
    if (name === 'it') return this.#refuse(start, '"it" has a value only inside of ?.let { … }')
    const hint = didYouMean(name, knownNames)
    return this.#refuse(
      start,
      hint === ''
        ? `"${shown}" is not known in a definition: ${plainTextRemedy}`
        : `"${shown}" is not known in a definition${hint}`,
    )
  }

  /** An empty variable counts as one that is not set: then the default holds. */
  #evaluateEnv(expression: Extract<Expression, { kind: 'env' }>, it: It): Value {
    const variable = this.evaluate(expression.variable, it)
    const fallback = expression.fallback === null ? null : this.evaluate(expression.fallback, it)
    if (variable === undefined || fallback === undefined) return undefined
    return this.#getenv(variable) || fallback
  }

  #getenv(variable: string | null): string | null {
    const { env } = this.#surroundings
    if (variable === null || !Object.hasOwn(env, variable)) return null
    return env[variable] ?? null
  }

  #refuse(offset: number, message: string): undefined {
    this.complaints.push({ offset, message })
    return undefined
  }
}
