/** Sections in the order of the page. */
export const sectionNames = [
  'processes',
  'late',
  'tables',
  'sizes',
  'commits',
  'links',
  'idle',
] as const
export type SectionName = (typeof sectionNames)[number]

export type Cell = string | number

/** One question that was measured: a table, and a line for each law seen in it. */
export interface Section {
  readonly name: SectionName
  readonly title: string
  /** How it was measured, Markdown. */
  readonly method: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
  readonly laws: readonly string[]
}

/** What it was measured on, and how busy others kept it. */
export interface Surroundings {
  readonly cpus: number
  readonly node: string
  /** Load average of the last minute. */
  readonly loadBefore: number
  readonly loadAfter: number
}

export interface MeasuredSection extends Section {
  readonly surroundings: Surroundings
}

const head = `# Growth

What \`npm run bench:growth\` has measured: real processes on one machine, over the loopback. Laws are slopes of least
squares in log-log scale. Figures of a busy machine are too bad: each section says how busy it was. A block of the
event loop is the longest gap between two runs of a 1 ms timer; behind it stands the CPU time that the thread had in
that gap. Where that is much less, others had the CPU.
`

/** The page with these sections, and those of an earlier page that were not measured anew. */
export function growthPage(sections: readonly MeasuredSection[], earlier = ''): string {
  const kept = new Map(
    earlier
      .split(/^(?=<!-- section )/m)
      .map((text) => [/^<!-- section (\w+) -->/.exec(text)?.[1], text.trim()] as const),
  )
  for (const section of sections) kept.set(section.name, sectionText(section))
  const texts = sectionNames.flatMap((name) => kept.get(name) ?? [])
  return `${[head, ...texts].join('\n\n').replaceAll(/\n{3,}/g, '\n\n')}\n`
}

function sectionText(section: MeasuredSection): string {
  const { cpus, node, loadBefore, loadAfter } = section.surroundings
  const load = `${loadBefore.toFixed(1)} before, ${loadAfter.toFixed(1)} after`
  return [
    `<!-- section ${section.name} -->`,
    `## ${section.title}`,
    '',
    section.method,
    '',
    tableText(section),
    '',
    ...section.laws.map((law) => `- ${law}`),
    `- Measured on ${cpus} CPUs, Node ${node}, load average ${load}.`,
  ].join('\n')
}

/** The table of a section alone, for the terminal too. */
export function tableText({ columns, rows }: Pick<Section, 'columns' | 'rows'>): string {
  const lines = [columns, columns.map(() => '---'), ...rows.map((row) => row.map(cellText))]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Three digits that count; whole numbers with separators. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return cell.replaceAll('|', '\\|')
  if (Math.abs(cell) >= 100 || Number.isInteger(cell)) return Math.round(cell).toLocaleString('en')
  return String(Number(cell.toPrecision(3)))
}
