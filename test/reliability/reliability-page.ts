import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Instrument, Result, ResultRow } from './result.ts'
import { instruments, readResult } from './result.ts'

/** Where instruments leave what docs/RELIABILITY.md shows, as `chaos.json` and so on. */
export const resultsFolder = join(import.meta.dirname, 'results')

const titles: Readonly<Record<Instrument, string>> = {
  chaos: 'Chaos',
  machines: 'Chaos between machines',
  bars: 'Bars',
  faults: 'Fault matrix',
  simulation: 'Simulation',
  soak: 'Soak',
  fuzz: 'Fuzzing',
}

const columns: readonly (readonly [string, (row: ResultRow) => string])[] = [
  ['', ({ id }) => id],
  ['fault', ({ fault }) => fault],
  ['injected', ({ injected }) => injected],
  ['times', ({ times }) => whole(times)],
  ['deliveries', ({ deliveries }) => whole(deliveries)],
  ['silent', ({ silent }) => whole(silent)],
  ['reported', ({ reported }) => whole(reported)],
  ['false', ({ falseLosses }) => whole(falseLosses)],
  ['heal p50', ({ healP50Ms }) => milliseconds(healP50Ms)],
  ['heal p99', ({ healP99Ms }) => milliseconds(healP99Ms)],
  ['figure', ({ figure }) => figure],
  ['met', ({ met }) => (met ? 'yes' : '**no**')],
]

const whole = (count: number | null) => (count === null ? '–' : count.toLocaleString('en-US'))

function milliseconds(ms: number | null): string {
  if (ms === null) return '–'
  if (ms < 1) return '< 1 ms'
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

function section(result: Result): string {
  const { instrument, command, at, machine, seconds, rows } = result
  const table = [
    columns.map(([name]) => name),
    columns.map(() => '---'),
    ...rows.map((row) => columns.map(([, of]) => cell(of(row)))),
  ]
  return [
    `### ${titles[instrument]}`,
    '',
    `\`${command}\`, ${at.slice(0, 10)}, ${machine}, ${Math.round(seconds).toLocaleString('en-US')} s.`,
    '',
    ...table.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n')
}

/** The results that there are, in the order of `instruments`. Throws MalformedResult. */
export function readResults(folder: string = resultsFolder): Result[] {
  return instruments.flatMap((instrument) => {
    const file = join(folder, `${instrument}.json`)
    return existsSync(file) ? [readResult(file)] : []
  })
}

/** The page with another text between two marks of this name. Throws when it has none. */
export function withPart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

/** The page with its tables made anew. Throws when it has no place for them. */
export const withResults = (page: string, results: readonly Result[]): string =>
  withPart(page, 'results', results.map(section).join('\n\n'))
