import type { SourceText, Span } from '../source-text.ts'
import type { Complaint, Token, TokenKind } from '../token.ts'
import { readEscape } from './escape.ts'

/**
 * From text to tokens for the part of Kotlin that definitions are written in. Total: any text gives
 * tokens, what is wrong with it becomes a complaint.
 *
 * Strings hold code (`"a${env["X"]}b"`), code holds strings: a stack remembers what is open. A plain
 * string ends with its line at the latest, with all that is open in it, so that a forgotten quote
 * spoils one line and not the file.
 */
export function tokenize(source: SourceText): LexedSource {
  const lexer = new Lexer(source)
  lexer.run()
  return lexer
}

export interface LexedSource {
  readonly tokens: readonly Token[]
  readonly comments: readonly Span[]
  readonly complaints: readonly Complaint[]
}

/** What is open: a string, or the code of a template in it with the braces opened there. */
type Open =
  | { readonly kind: 'string'; readonly start: number; readonly raw: boolean }
  | { readonly kind: 'code'; readonly start: number; braces: number }

const blanks = /[ \t\f\v\u00a0\ufeff]+/y
const lineEnd = /\r\n|\r|\n/y
const name = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const number =
  /0[xX][0-9a-fA-F][0-9a-fA-F_]*[LuU]*|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?[LlFfuU]*/y
const character = /'(?:[^'\\\r\n]|\\u[0-9a-fA-F]{4}|\\.)'/uy
const punctuation = /\?\.|\?:|[(){}[\],;=.?:!+\-*/%<>&|@#^~]/y
const plainText = /[^"\\$\r\n]+/y
const rawText = /[^"$]+/y

class Lexer implements LexedSource {
  readonly tokens: Token[] = []
  readonly comments: Span[] = []
  readonly complaints: Complaint[] = []
  readonly #text: string
  #offset = 0
  #startsLine = true
  #damaged = false
  readonly #open: Open[] = []

  constructor(source: SourceText) {
    this.#text = source.text
  }

  run(): void {
    while (this.#offset < this.#text.length) {
      const open = this.#open.at(-1)
      if (open?.kind === 'string') this.#readString(open)
      else this.#readCode(open)
    }
    const open = this.#open.at(-1)
    if (open?.kind === 'string') this.#complain(open.start, unclosedString(open.raw))
    else if (open) this.#complain(open.start, unclosedTemplate)
    this.#closeAll()
    this.#emit('end', '', 0)
  }

  #readCode(template: Open | undefined): void {
    if (this.#skip(blanks) !== null) return
    if (this.#skip(lineEnd) !== null) return this.#endLine()
    if (this.#text.startsWith('//', this.#offset)) return this.#skipLineComment()
    if (this.#text.startsWith('/*', this.#offset)) return this.#skipBlockComment()
    if (this.#text[this.#offset] === '"') return this.#startString()
    if (this.#take('name', name) || this.#take('number', number)) return
    if (this.#text[this.#offset] === "'") return this.#readCharacter()
    const mark = this.#text[this.#offset]
    if (template?.kind === 'code') {
      if (mark === '}' && template.braces === 0) {
        this.#open.pop()
        return this.#emit('template-end', '}', 1)
      }
      if (mark === '{') template.braces++
      if (mark === '}') template.braces--
    }
    if (!this.#take('punctuation', punctuation)) this.#skipUnknown()
  }

  /** A template in a plain string must be closed on its line; in a raw string, or outside, lines end freely. */
  #endLine(): void {
    this.#startsLine = true
    const plain = this.#open.findIndex((open) => open.kind === 'string' && !open.raw)
    if (plain < 0) return
    const template = this.#open[plain + 1]
    if (template) this.#complain(template.start, unclosedTemplate)
    this.#closeAll(plain)
  }

  #startString(): void {
    const raw = this.#text.startsWith('"""', this.#offset)
    this.#open.push({ kind: 'string', start: this.#offset, raw })
    this.#emit('string-start', '', raw ? 3 : 1)
  }

  #readString(open: Extract<Open, { kind: 'string' }>): void {
    const mark = this.#text[this.#offset]
    if (mark === '"') return this.#readQuote(open.raw)
    if (mark === '$') return this.#readDollar()
    if (mark === '\\' && !open.raw) {
      const escape = readEscape(this.#text, this.#offset)
      if (escape.complaint !== null) this.#complain(this.#offset, escape.complaint)
      return this.#emit('text', escape.text, escape.length)
    }
    if (!open.raw && (mark === '\n' || mark === '\r')) {
      this.#complain(open.start, unclosedString(false))
      return this.#endLineInString()
    }
    const text = this.#match(open.raw ? rawText : plainText) ?? ''
    // Kotlin makes every line end of a raw string a line feed.
    this.#emit('text', open.raw ? text.replace(/\r\n?/g, '\n') : text, text.length)
  }

  #endLineInString(): void {
    const plain = this.#open.findIndex((open) => open.kind === 'string' && !open.raw)
    this.#closeAll(plain)
  }

  /** The last three of a run of quotes end a raw string; those before them belong to its text. */
  #readQuote(raw: boolean): void {
    if (!raw) {
      this.#open.pop()
      return this.#emit('string-end', '', 1)
    }
    let end = this.#offset
    while (this.#text[end] === '"') end++
    const run = end - this.#offset
    if (run < 3) return this.#emit('text', '"'.repeat(run), run)
    if (run > 3) this.#emit('text', '"'.repeat(run - 3), run - 3)
    this.#open.pop()
    this.#emit('string-end', '', 3)
  }

  #readDollar(): void {
    if (this.#text[this.#offset + 1] === '{') {
      this.#open.push({ kind: 'code', start: this.#offset, braces: 0 })
      return this.#emit('template-start', '${', 2)
    }
    const start = this.#offset
    this.#offset++
    const word = this.#match(name)
    this.#offset = start
    if (word === null) return this.#emit('text', '$', 1)
    this.#emit('template-name', word, word.length + 1)
  }

  #readCharacter(): void {
    const quoted = this.#match(character)
    if (quoted === null) {
      this.#complain(this.#offset, `text stands in double quotes ("…"), not in single ones`)
      const end = /'[^'\r\n]*'?/y
      this.#damaged = true
      return this.#emit('character', '', this.#match(end, this.#offset)?.length ?? 1)
    }
    const inner = quoted.slice(1, -1)
    const text = inner.startsWith('\\') ? readEscape(inner, 0).text : inner
    this.#emit('character', text, quoted.length)
  }

  #skipLineComment(): void {
    const start = this.#offset
    this.#skip(/[^\r\n]*/y)
    this.comments.push({ start, end: this.#offset })
  }

  /** Block comments nest in Kotlin. */
  #skipBlockComment(): void {
    const start = this.#offset
    const marks = /\/\*|\*\//g
    marks.lastIndex = start
    let depth = 0
    do {
      const mark = marks.exec(this.#text)
      if (mark === null) {
        this.#complain(start, 'this comment is not closed: expected "*/"')
        this.#offset = this.#text.length
        break
      }
      depth += mark[0] === '/*' ? 1 : -1
      this.#offset = marks.lastIndex
    } while (depth > 0)
    this.comments.push({ start, end: this.#offset })
    if (/[\r\n]/.test(this.#text.slice(start, this.#offset))) this.#startsLine = true
  }

  #skipUnknown(): void {
    const unknown = String.fromCodePoint(this.#text.codePointAt(this.#offset) ?? 0)
    const hint = /[“”„«»]/.test(unknown) ? ': text stands in straight quotes ("…")' : ''
    const shown = /[\p{C}\p{Z}]/u.test(unknown)
      ? `U+${unknown.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`
      : `"${unknown}"`
    this.#complain(this.#offset, `unexpected character ${shown}${hint}`)
    this.#emit('punctuation', unknown, unknown.length)
  }

  #closeAll(down = 0): void {
    while (this.#open.length > down) {
      const open = this.#open.pop()
      this.#damaged = true
      this.#emit(open?.kind === 'string' ? 'string-end' : 'template-end', '', 0)
    }
  }

  #complain(offset: number, message: string): void {
    this.complaints.push({ offset, message })
    this.#damaged = true
  }

  #take(kind: TokenKind, pattern: RegExp): boolean {
    const text = this.#match(pattern)
    if (text === null) return false
    this.#emit(kind, text, text.length)
    return true
  }

  #skip(pattern: RegExp): string | null {
    const text = this.#match(pattern)
    this.#offset += text?.length ?? 0
    return text
  }

  #match(pattern: RegExp, offset = this.#offset): string | null {
    pattern.lastIndex = offset
    return pattern.exec(this.#text)?.[0] ?? null
  }

  #emit(kind: TokenKind, text: string, length: number): void {
    const start = this.#offset
    this.#offset += length
    this.tokens.push({
      kind,
      text,
      start,
      end: this.#offset,
      startsLine: this.#startsLine,
      damaged: this.#damaged,
    })
    this.#startsLine = false
    this.#damaged = false
  }
}

const unclosedTemplate = 'this "${" is not closed: expected "}" before the end of the line'

function unclosedString(raw: boolean): string {
  return raw
    ? 'this text is not closed: expected """'
    : 'this text is not closed: expected " before the end of the line'
}
