import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { resultsFolder, withPart } from '../reliability-page.ts'
import type { Fault } from './pause-run.ts'

/** What one peer's subscriber has of what was published while a fault was there. */
export interface PauseRow {
  readonly peer: string
  readonly title: string
  readonly fault: Fault
  readonly published: number
  readonly delivered: number
  /** Told as lost by their numbers. */
  readonly told: number
  /** What the application was told that does not say what is missing. */
  readonly words: readonly string[]
}

/** What a run of `npm run pause` writes, as JSON. */
export interface PauseResult {
  readonly command: string
  /** When it ended, ISO 8601. */
  readonly at: string
  /** Cores and Node version. */
  readonly machine: string
  readonly versions: readonly string[]
  readonly seconds: number
  readonly perSecond: number
  /** What was not run, and why. */
  readonly notRun: readonly string[]
  readonly rows: readonly PauseRow[]
}

/** What is missing, by how much the application knows of it. */
export function missingOf({ published, delivered, told, words }: PauseRow) {
  const rest = published - delivered - told
  return words.length > 0 ? { hinted: rest, silent: 0 } : { hinted: 0, silent: rest }
}

const faultTitles: Readonly<Record<Fault, string>> = {
  cut: 'its connections are cut, and none can be made',
  stop: 'its process stands still (SIGSTOP, then SIGCONT)',
}

const whole = (count: number): string => count.toLocaleString('en-US')

function line(row: PauseRow): string {
  const { hinted, silent } = missingOf(row)
  const counts = [row.published, row.delivered, row.told, hinted, silent].map(whole)
  const words = row.words.map((word) => `\`${word}\``).join(', ') || '–'
  return `| ${[row.title, ...counts, words].join(' | ')} |`
}

const head = [
  '| | published | delivered | told as lost | missing, told that something may be | missing in silence | told by |',
  '| --- | --- | --- | --- | --- | --- | --- |',
]

/** The tables of docs/RELIABILITY.md, Markdown: one for each fault that was tried. */
export function pauseTables(result: PauseResult): string {
  const { command, at, machine, versions, seconds, perSecond, notRun, rows } = result
  const tables = (['cut', 'stop'] as const).flatMap((fault) => {
    const lines = rows.filter((row) => row.fault === fault).map(line)
    if (lines.length === 0) return []
    return [`For ${seconds} s ${faultTitles[fault]}:`, '', ...head, ...lines, '']
  })
  return [
    `\`${command}\`, ${at.slice(0, 10)}, ${machine}, ${whole(perSecond)} updates a second; ${versions.join(', ')}.`,
    '',
    ...tables,
    ...notRun.flatMap((each) => [`Not run: ${each}.`, '']),
  ]
    .join('\n')
    .trimEnd()
}

/** Where docs/RELIABILITY.md takes the result from. */
export const pauseFile = join(resultsFolder, 'pause.json')

export const readPauseResult = (file: string): PauseResult =>
  JSON.parse(readFileSync(file, 'utf8')) as PauseResult

/** The page with the tables of a pause made anew. Throws when it has no place for them. */
export const withPause = (page: string, result: PauseResult): string =>
  withPart(page, 'pause', pauseTables(result))
