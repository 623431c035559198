import { withPart } from '../../test/reliability/reliability-page.ts'
import type { Spread } from '../statistics.ts'
import type { CostResult, CostRow } from './cost-result.ts'

const titles: Readonly<Record<string, string>> = {
  nobody: 'without Tidings',
  'publish()': '`publish()` by hand',
  'commit()': '`commit()`',
  'PostgreSQL adapter': '`tidings/postgres`: triggers and adapter',
  'SQLite adapter': '`tidings/sqlite`',
  capture: '`tidings capture postgres`',
}

const whole = (value: number): string => value.toLocaleString('en-US')

function spreadText({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits))
  return `${middle} (${least} … ${most})`
}

function duration(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

function line({ database, name, oneMs, one, manyMs, many, delay }: CostRow): string {
  const title = titles[name] ?? titles[`${database} ${name}`] ?? name
  const ratios =
    name === 'nobody'
      ? [`1: ${duration(oneMs)}`, `1: ${duration(manyMs)}`]
      : [spreadText(one, 2), spreadText(many, 2)]
  const delays = delay ? [spreadText(delay.p50, 1), spreadText(delay.p99, 1)] : ['–', '–']
  return `| ${[database, title, ...ratios, ...delays].join(' | ')} |`
}

/** The table of docs/GUARANTEES.md, Markdown. */
export function costsTable(result: CostResult): string {
  const { command, at, machine, versions, rounds, inserts, rowsOfMany, commits, rows } = result
  const many = whole(rowsOfMany)
  return [
    `\`${command}\`, ${at.slice(0, 10)}, ${machine}, ${versions.join(', ')}; medians of ${rounds} rounds (least … most), of ${whole(inserts)} inserts, one of ${many} rows, and ${whole(commits)} commits each.`,
    '',
    `| | way | insert of a row | insert of ${many} rows | delay, ms: p50 | p99 |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(line),
  ].join('\n')
}

/** The page with its table made anew. Throws when it has no place for it. */
export const withCosts = (page: string, result: CostResult): string =>
  withPart(page, 'costs', costsTable(result))
