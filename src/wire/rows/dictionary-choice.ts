import { isText } from './row-layout.ts'
import type { Segment } from './segment.ts'

/** Rows looked at, evenly spread over a segment. */
const maxSamples = 256
/** Fewer rows than this say nothing about the next segment. */
const minRows = 64
/**
 * Strings per distinct string from which a dictionary pays. With 8 instead, names of fifty books in a thousand rows
 * had one: publishing took a fifth longer, and receiving was no faster.
 */
const leastRepetition = 32
/** Segments between the first two looks; each time nothing has changed twice as many, up to the most. */
const leastSegmentsBetween = 64
const mostSegmentsBetween = 1024
/** Segments in a row too small to earn back their dictionaries before these are given up. */
const maxPoorSegments = 4

/**
 * Which string fields of a table travel as indexes into a dictionary. Judged by the segments that
 * are closed; a field whose dictionary once overflowed is never chosen again.
 */
export class DictionaryChoice {
  private readonly given = new Set<number>()
  private chosen: ReadonlySet<number> = new Set()
  private between = leastSegmentsBetween
  private untilNext = 0
  private poor = 0

  /** The fields to use from now on, or null when nothing changes. */
  judge(segment: Segment): ReadonlySet<number> | null {
    if (segment.rows < minRows) return this.judgePoor(segment)
    this.poor = 0
    if (this.untilNext-- > 0) return null
    const kept = [...this.chosen]
    const fields = new Set([...kept, ...repetitive(segment)].filter((n) => !this.given.has(n)))
    const change = this.choose(fields)
    if (change) this.between = leastSegmentsBetween
    this.untilNext = this.between
    this.between = Math.min(2 * this.between, mostSegmentsBetween)
    return change
  }

  /** The dictionary of a field has overflowed: the fields to use from now on. */
  giveUp(field: number): ReadonlySet<number> {
    this.given.add(field)
    this.chosen = new Set([...this.chosen].filter((kept) => kept !== field))
    return this.chosen
  }

  private judgePoor(segment: Segment): ReadonlySet<number> | null {
    if (segment.dictionaries.length === 0 || ++this.poor < maxPoorSegments) return null
    this.untilNext = 0
    return this.choose(new Set())
  }

  private choose(fields: ReadonlySet<number>): ReadonlySet<number> | null {
    const same = fields.size === this.chosen.size && [...fields].every((n) => this.chosen.has(n))
    this.chosen = fields
    return same ? null : fields
  }
}

/** The string fields of a segment whose values repeat themselves. */
function repetitive(segment: Segment): number[] {
  const { columns } = segment.plan.layout
  const texts = columns.filter(({ type }) => isText(type))
  const seen = texts.map(() => ({ samples: 0, distinct: new Set<string>() }))
  const step = Math.max(1, Math.floor(segment.rows / maxSamples))
  for (let row = 0; row < segment.rows; row += step)
    segment.readTexts(row, texts, (n, text) => {
      const field = seen[n]
      if (field === undefined) return
      field.samples++
      field.distinct.add(text)
    })
  return texts
    .filter(({ type }, n) => {
      const { samples = 0, distinct = new Set() } = seen[n] ?? {}
      return (
        type === 'string' && samples >= minRows / 2 && samples >= distinct.size * leastRepetition
      )
    })
    .map(({ index }) => index)
}
