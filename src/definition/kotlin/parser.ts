import { ExpressionParser, maxNesting, notAProgram } from './expression-parser.ts'
import { tokenize } from './lexer.ts'
import { secretSpans } from './secret-spans.ts'
import type { SourceText } from '../source-text.ts'
import type { Argument, CallStatement, Statement } from './syntax.ts'
import type { Complaint, Token } from '../token.ts'
import { TokenStream } from './token-stream.ts'

interface ParsedSource {
  readonly statements: readonly Statement[]
  readonly complaints: readonly Complaint[]
}

/**
 * From text to syntax tree. Total: any text gives a tree, and complaints for what had to be left out
 * of it. After a mistake it goes on at the next argument list's end, item or block, so that one run
 * finds all mistakes of a file.
 */
export function parse(source: SourceText): ParsedSource {
  const lexed = tokenize(source)
  source.findSecrets = () => secretSpans(lexed)
  const parser = new Parser(new TokenStream(lexed.tokens, source))
  const statements = parser.parseFile()
  // Of two complaints at one place the parser's tells what was expected there.
  const told = new Set(parser.stream.complaints.map(({ offset }) => offset))
  const untold = lexed.complaints.filter(({ offset }) => !told.has(offset))
  return { statements, complaints: [...untold, ...parser.stream.complaints] }
}

/** What Kotlin has and a definition has not. */
const programWords = new Set(
  (
    'val var fun if else when for while do return break continue throw try catch finally class ' +
    'object interface typealias import this super'
  ).split(' '),
)

/** What arguments are named in a definition. */
const parameters = new Set(['name', 'value', 'encrypted', 'source'])

/** Calls that have no block: a brace in their arguments is never the start of one. */
const blocklessCalls = new Set(['item', 'link'])

/** Calls at which reading can begin again after a mistake. */
const knownCalls = new Set(
  'systemDefinition global systems system hosts host item link vault'.split(' '),
)

class Parser {
  readonly stream: TokenStream
  readonly #expressions: ExpressionParser
  #depth = 0

  constructor(stream: TokenStream) {
    this.stream = stream
    this.#expressions = new ExpressionParser(stream)
  }

  /** file := annotation* ("package" name ("." name)*)? import* statement* */
  parseFile(): Statement[] {
    while (this.stream.at('@') && this.stream.atName('file', 1)) this.#skipLine()
    if (this.stream.atName('package')) this.#parsePackage()
    while (this.stream.atName('import') || this.stream.at(';')) this.#skipLine()
    const statements: Statement[] = []
    while (!this.stream.ended) {
      statements.push(...this.#parseStatements())
      if (this.stream.at('}')) {
        this.stream.complain('this "}" closes nothing: there is one too many, here or above')
        this.stream.next()
      }
    }
    return statements
  }

  /** What means nothing here: an import, an annotation of the file. */
  #skipLine(): void {
    do this.stream.next()
    while (!this.stream.ended && !this.stream.peek().startsLine && !this.stream.at(';'))
  }

  #parsePackage(): void {
    this.stream.next()
    do {
      if (this.stream.peek().kind !== 'name') {
        this.#refuse(`expected a name after "package", found ${this.stream.describe()}`)
        return
      }
      this.stream.next()
    } while (this.stream.take('.'))
  }

  /** statement* up to the `}` or the end of the file, which is left to the caller. */
  #parseStatements(): Statement[] {
    const statements: Statement[] = []
    let isSeparated = true
    while (!this.stream.ended && !this.stream.at('}')) {
      const first = this.stream.peek()
      if (this.stream.take(';')) {
        isSeparated = true
        continue
      }
      if (!isSeparated && !first.startsLine) {
        this.stream.complain(`expected a new line or ";" before ${this.stream.describe()}`)
      }
      const complaintsBefore = this.stream.complaints.length
      const statement = this.#parseStatement()
      if (statement !== null) statements.push(statement)
      // After a mistake reading may go on in the middle of a line.
      isSeparated = this.stream.complaints.length > complaintsBefore
    }
    return statements
  }

  #parseStatement(): Statement | null {
    const token = this.stream.peek()
    if (token.kind !== 'name') {
      if (this.stream.at('@')) return this.#refuse(`"@": ${notAProgram}`)
      return this.#refuse(`expected an item or a block, found ${this.stream.describe()}`)
    }
    if (programWords.has(token.text)) return this.#refuse(`"${token.text}": ${notAProgram}`)
    const next = this.stream.peek(1)
    if (this.stream.at('[', 1) || this.stream.at('.', 1) || this.stream.at('?.', 1)) {
      return this.#parseConditional()
    }
    if (this.stream.at('(', 1) || this.stream.at('{', 1)) return this.#parseCall()
    if (this.stream.at('=', 1)) return this.#parseAssignment()
    if (next.kind === 'name' && programWords.has(next.text) && !next.startsLine) {
      return this.#refuse(`"${this.stream.shown(token)} ${next.text}": ${notAProgram}`)
    }
    this.stream.next()
    this.stream.complain(
      `expected "(" or "{" after "${this.stream.shown(token)}", found ${this.stream.describe()}`,
      this.stream.peek(),
    )
    this.#skipStatement()
    return null
  }

  #refuse(message: string): null {
    this.stream.complain(message)
    this.#skipStatement()
    return null
  }

  #parseCall(): CallStatement {
    const token = this.stream.next()
    const call = { start: token.start, name: token.text, shown: this.stream.shown(token) }
    const { list, complete } = this.stream.at('(')
      ? this.#parseArguments(!blocklessCalls.has(token.text))
      : { list: [], complete: true }
    const block = this.stream.at('{') ? this.#parseBlock(token) : null
    return { kind: 'call', ...call, arguments: list, complete, block }
  }

  #parseArguments(mayHaveBlock: boolean): { list: Argument[]; complete: boolean } {
    this.stream.next()
    const list: Argument[] = []
    let complete = true
    while (!this.stream.at(')')) {
      const argument = this.#parseArgument()
      if (argument !== null) list.push(argument)
      else complete = false
      if (this.stream.take(',') || this.stream.at(')')) continue
      if (argument !== null) {
        this.stream.complain(
          `expected "," or ")" in the arguments, found ${this.stream.describe()}`,
        )
      }
      this.#skipArguments(mayHaveBlock)
      return { list, complete: false }
    }
    this.stream.next()
    return { list, complete }
  }

  #parseArgument(): Argument | null {
    const token = this.stream.peek()
    const isNamed = token.kind === 'name' && this.stream.at('=', 1)
    if (isNamed) {
      this.stream.next()
      this.stream.next()
    }
    if (token.kind === 'name' && parameters.has(token.text) && this.stream.at(':', 1)) {
      this.stream.next()
      this.stream.complain(`expected "=" after "${this.stream.shown(token)}", found ":"`)
      return null
    }
    const value = this.#expressions.parseKept()
    const { end } = this.stream
    return value && { start: token.start, name: isNamed ? token.text : null, value, end }
  }

  /** Past the `)` that closes the arguments; where it is missing, up to the block or the next call. */
  #skipArguments(mayHaveBlock: boolean): void {
    let depth = 0
    let braces = 0
    while (!this.stream.ended) {
      if (braces === 0 && this.#atKnownCall()) return
      if (this.stream.at('{')) {
        if (mayHaveBlock && depth === 0) return
        braces++
      }
      if (this.stream.at('}') && braces-- === 0) return
      if (this.stream.at('(') || this.stream.at('[')) depth++
      if ((this.stream.at(')') || this.stream.at(']')) && braces === 0 && depth-- === 0) {
        this.stream.next()
        return
      }
      this.stream.next()
    }
  }

  #atKnownCall(): boolean {
    const token = this.stream.peek()
    if (token.kind !== 'name' || !knownCalls.has(token.text)) return false
    return this.stream.at('(', 1) || this.stream.at('{', 1)
  }

  /** "{" statement* "}" */
  #parseBlock(owner: Token): Statement[] {
    const open = this.stream.next()
    if (this.#depth >= maxNesting) {
      this.stream.complain(`blocks nested more than ${maxNesting} deep`, open)
      this.#skipBraces(1)
      return []
    }
    this.#depth++
    const statements = this.#parseStatements()
    this.#depth--
    if (!this.stream.take('}')) {
      const message = `"${this.stream.shown(owner)} {" is not closed: expected "}" before the end of the file`
      this.stream.complaints.push({ offset: open.start, message })
    }
    return statements
  }

  #parseAssignment(): Statement | null {
    const token = this.stream.next()
    const shown = this.stream.shown(token)
    this.stream.next()
    if (this.#expressions.parse() === null) {
      this.#skipStatement()
      return null
    }
    return { kind: 'assignment', start: token.start, name: token.text, shown }
  }

  /** operand ("?.let" | ".let") "{" statement* "}" */
  #parseConditional(): Statement | null {
    const token = this.stream.peek()
    const subject = this.#expressions.parseOperand()
    if (subject === null) {
      this.#skipStatement()
      return null
    }
    const isLet = (this.stream.at('?.') || this.stream.at('.')) && this.stream.atName('let', 1)
    if (!isLet || !this.stream.at('{', 2)) {
      return this.#refuse(
        `expected ?.let { item(…) } after the value, found ${this.stream.describe()}: ${notAProgram}`,
      )
    }
    this.stream.next()
    const owner = this.stream.next()
    return { kind: 'conditional', start: token.start, subject, block: this.#parseBlock(owner) }
  }

  /** To the next line that starts outside of all brackets opened on the way, or to a known call. */
  #skipStatement(): void {
    if (!this.stream.at('}')) this.#skipToken()
    while (!this.stream.ended && !this.stream.at('}')) {
      if (this.stream.peek().startsLine || this.stream.at(';') || this.#atKnownCall()) return
      this.#skipToken()
    }
  }

  #skipToken(): void {
    const isBrace = this.stream.at('{')
    const isParenthesis = this.stream.at('(')
    this.stream.next()
    if (isBrace) this.#skipBraces(1)
    if (isParenthesis) this.#skipParentheses()
  }

  #skipBraces(depth: number): void {
    while (depth > 0 && !this.stream.ended) {
      if (this.stream.at('{')) depth++
      if (this.stream.at('}')) depth--
      this.stream.next()
    }
  }

  /** Up to the closing one; an unclosed one ends where a brace or a known call stands. */
  #skipParentheses(): void {
    let depth = 1
    while (depth > 0 && !this.stream.ended && !this.stream.at('{') && !this.stream.at('}')) {
      if (this.#atKnownCall()) return
      if (this.stream.at('(')) depth++
      if (this.stream.at(')')) depth--
      this.stream.next()
    }
  }
}
