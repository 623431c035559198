import type { SourceText } from '../source-text.ts'
import type { Complaint, Token } from '../token.ts'
import { mask } from '../secret.ts'

/** The parser's place among the tokens, and its way to complain. */
export class TokenStream {
  readonly complaints: Complaint[] = []
  readonly #tokens: readonly Token[]
  readonly #source: SourceText
  #index = 0

  /** `tokens` ends with an `end` token. */
  constructor(tokens: readonly Token[], source: SourceText) {
    this.#tokens = tokens
    this.#source = source
  }

  /** Where the token before here ends. */
  get end(): number {
    return this.#tokens[this.#index - 1]?.end ?? 0
  }

  /** A place to come back to. */
  get place(): number {
    return this.#index
  }

  /** Back there, as if nothing had been complained about since there were so many complaints. */
  rewind(place: number, complaints: number): void {
    this.#index = place
    this.complaints.length = complaints
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)]
    if (!token) throw new Error('broken invariant: a token stream ends with an end token')
    return token
  }

  get ended(): boolean {
    return this.peek().kind === 'end'
  }

  next(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#index++
    return token
  }

  /** The token `ahead` of here is this punctuation. */
  at(mark: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'punctuation' && token.text === mark
  }

  atName(name: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'name' && token.text === name
  }

  take(mark: string): boolean {
    const found = this.at(mark)
    if (found) this.#index++
    return found
  }

  /** Takes the punctuation, or complains that it was expected. */
  expect(mark: string, why: string): boolean {
    if (this.take(mark)) return true
    return this.complain(`expected "${mark}" ${why}, found ${this.describe()}`)
  }

  /**
   * Always false, for `return stream.complain(…)`. Silent where the lexer has complained just before:
   * one mistake is told once.
   */
  complain(message: string, at: Token = this.peek()): false {
    const before = this.#tokens[this.#index - 1]
    const isConsequence = at.damaged || (at === this.peek() && before?.damaged === true)
    if (!isConsequence) this.complaints.push({ offset: at.start, message })
    return false
  }

  /** A token as a message may show it. */
  describe(token: Token = this.peek()): string {
    switch (token.kind) {
      case 'end':
        return 'the end of the file'
      case 'name':
      case 'number':
      case 'punctuation':
        return `"${this.shown(token)}"`
      case 'template-end':
        return '"}"'
      case 'string-end':
        return 'the end of the text'
      default:
        return 'text'
    }
  }

  /** The token's text, or *** where it may be a secret. */
  shown(token: Token): string {
    return this.#source.isSecretAt(token.start) ? mask : token.text
  }
}
