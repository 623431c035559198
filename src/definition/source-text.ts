/** A span of a source, from `start` up to and without `end`, in UTF-16 units. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Where something stands: line and column count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Columns of an excerpt; a longer line is cut around the caret. */
const maxExcerptColumns = 96

/** A line longer than this is not searched for secrets, and so not shown where it would have to be. */
const maxSearchedColumns = 1_000

/** Columns kept before the caret where an excerpt is cut. */
const columnsBeforeCaret = 48

/** One text that the operator wrote: a file, or what stands in for one. */
export class SourceText {
  readonly name: string
  readonly text: string
  /** Set by the reader of the text; asked only when something of the text is shown. */
  findSecrets: () => readonly Span[] = () => []
  #secrets: readonly Span[] | null = null
  /** Set by readers that cannot tell where secrets stand: such lines are not shown at all. */
  isSecretLine: ((line: string) => boolean) | null = null
  readonly #lineStarts: number[] = [0]

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
    for (const end of text.matchAll(/\r\n|\r|\n/g)) this.#lineStarts.push(end.index + end[0].length)
  }

  /** Where excerpts show ***. */
  get secrets(): readonly Span[] {
    return (this.#secrets ??= this.findSecrets())
  }

  positionOf(offset: number): Position {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 }
  }

  /** The line of `offset` over a caret that points to it; null where showing it could tell a secret. */
  excerptAt(offset: number): string | null {
    const { line } = this.positionOf(offset)
    const start = this.#lineStarts[line - 1] ?? 0
    const end = this.#lineEnd(line)
    if (this.#mayBeSecret(line)) return null
    const from =
      end - start > maxExcerptColumns ? Math.max(start, offset - columnsBeforeCaret) : start
    const to = Math.min(end, from + maxExcerptColumns)
    // The text with its caret in front of the character it points to: masking moves both alike.
    const before = this.#masked(from, Math.min(offset, to))
    const behind = this.#masked(Math.min(this.#startOfSecretAt(offset), to), to)
    const shown = `${before}${behind}`.replaceAll('\t', ' ').trimEnd()
    return `  | ${shown}\n  | ${' '.repeat(before.length)}^`
  }

  /** The text of a span with *** for the secrets that begin in it or reach into it. */
  #masked(from: number, to: number): string {
    let text = ''
    let reached = from
    for (let index = this.#firstSecretEndingAfter(from); index < this.secrets.length; index++) {
      const secret = this.secrets[index]
      if (!secret || secret.start >= to) break
      text += this.text.slice(reached, Math.max(secret.start, reached))
      // One in which the span ends is shown by the span that follows.
      if (secret.end > to) return text
      text += '***'
      reached = secret.end
    }
    return text + this.text.slice(reached, Math.max(to, reached))
  }

  isSecretAt(offset: number): boolean {
    const secret = this.secrets[this.#firstSecretEndingAfter(offset)]
    return secret !== undefined && secret.start <= offset
  }

  /** A secret is shown whole, so a place in it is its start. */
  #startOfSecretAt(offset: number): number {
    const secret = this.secrets[this.#firstSecretEndingAfter(offset)]
    return secret && secret.start < offset ? secret.start : offset
  }

  #firstSecretEndingAfter(offset: number): number {
    let low = 0
    let high = this.secrets.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.secrets[middle]?.end ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #lineEnd(line: number): number {
    let end = this.#lineStarts[line] ?? this.text.length
    while (end > 0 && (this.text[end - 1] === '\n' || this.text[end - 1] === '\r')) end--
    return Math.max(end, this.#lineStarts[line - 1] ?? 0)
  }

  /** A name and its value may stand on neighbouring lines, so the line before counts too. */
  #mayBeSecret(line: number): boolean {
    if (this.isSecretLine === null) return false
    return [line - 1, line].filter((each) => each > 0).some((each) => this.#isSecret(each))
  }

  #isSecret(line: number): boolean {
    const start = this.#lineStarts[line - 1] ?? 0
    const end = this.#lineEnd(line)
    return (
      end - start > maxSearchedColumns || this.isSecretLine?.(this.text.slice(start, end)) === true
    )
  }
}

/** A place in a source. */
export interface SourcePlace {
  readonly source: SourceText
  readonly offset: number
}

/** Where something was written: in a text, or at a path of an object. */
export type Origin =
  | { readonly kind: 'place'; readonly place: SourcePlace; readonly path: string | null }
  | { readonly kind: 'path'; readonly path: string }
