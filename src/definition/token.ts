import type { Span } from './source-text.ts'

/**
 * `name`, `number`, `character` ('x') and `punctuation` are what code is made of. A string is a
 * `string-start`, any number of `text`, `template-name` ($NAME) and `template-start` … `template-end`
 * (the braces of ${…} with code between them), and a `string-end`.
 */
export type TokenKind =
  | 'name'
  | 'number'
  | 'character'
  | 'punctuation'
  | 'string-start'
  | 'text'
  | 'template-name'
  | 'template-start'
  | 'template-end'
  | 'string-end'
  | 'end'

export interface Token extends Span {
  readonly kind: TokenKind
  /** As it is meant: escapes resolved, a template name without its `$`. */
  readonly text: string
  /** It is the first one on its line. */
  readonly startsLine: boolean
  /** The lexer has complained here already: what the parser meets next may only be a consequence. */
  readonly damaged: boolean
}

/** What the lexer or the parser has to say, at an offset of the source. */
export interface Complaint {
  readonly offset: number
  readonly message: string
}
