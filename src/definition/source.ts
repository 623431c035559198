/** A stretch of a source, from `start` up to and without `end`, in UTF-16 units. */
export interface Stretch {
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

/** Columns kept before the caret where an excerpt is cut. */
const columnsBeforeCaret = 48

/** One text that the operator wrote: a file, or what stands in for one. */
export class Source {
  readonly name: string
  readonly text: string
  /** Set by the reader of the text once it knows them: excerpts show *** in their place. */
  secrets: readonly Stretch[] = []
  /** Set by readers that cannot tell where secrets stand: such lines are not shown at all. */
  isSecretLine: ((line: string) => boolean) | null = null
  readonly #lineStarts: number[] = [0]

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
    for (const end of text.matchAll(/\r\n|\r|\n/g)) this.#lineStarts.push(end.index + end[0].length)
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
    const end = start + this.#lineAt(line).length
    if (this.#mayBeSecret(line)) return null
    let shown = ''
    let caret = 0
    let reached = start
    for (const secret of this.secrets) {
      if (secret.end <= start || secret.start >= end) continue
      const from = Math.max(secret.start, reached)
      if (offset >= reached && offset < from) caret = shown.length + offset - reached
      shown += this.text.slice(reached, from)
      if (offset >= from && offset < secret.end) caret = shown.length
      shown += '***'
      reached = Math.min(secret.end, end)
    }
    if (offset >= reached) caret = shown.length + Math.min(offset, end) - reached
    shown += this.text.slice(reached, end)
    return cutAround(shown.replaceAll('\t', ' '), caret)
  }

  #lineAt(line: number): string {
    const start = this.#lineStarts[line - 1] ?? this.text.length
    return this.text.slice(start, this.#lineStarts[line]).replace(/[\r\n]+$/, '')
  }

  /** A name and its value may stand on neighbouring lines, so the line before counts too. */
  #mayBeSecret(line: number): boolean {
    if (this.isSecretLine === null) return false
    const before = line > 1 ? this.#lineAt(line - 1) : ''
    return this.isSecretLine(this.#lineAt(line)) || this.isSecretLine(before)
  }
}

function cutAround(line: string, caret: number): string {
  let from = 0
  if (line.length > maxExcerptColumns) from = Math.max(0, caret - columnsBeforeCaret)
  const shown = line.slice(from, from + maxExcerptColumns)
  return `  | ${shown.trimEnd()}\n  | ${' '.repeat(caret - from)}^`
}

/** A place in a source. */
export interface Place {
  readonly source: Source
  readonly offset: number
}

/** Where something was written: in a text, or at a path of an object. */
export type Origin =
  | { readonly kind: 'place'; readonly place: Place; readonly path: string | null }
  | { readonly kind: 'path'; readonly path: string }
