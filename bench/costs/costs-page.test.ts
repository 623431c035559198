import { expect, it } from 'vitest'
import { read } from '../../test/harness/pages.ts'
import { costRows, type CostResult, type CostSamples } from './cost-result.ts'
import costs from './costs.json' with { type: 'json' }
import { costsTable, withCosts } from './costs-page.ts'

const samples: CostSamples[] = [
  { database: 'PostgreSQL', name: 'nobody', one: [0.2, 0.4], many: [20, 40], delays: [] },
  {
    database: 'PostgreSQL',
    name: 'adapter',
    one: [0.3, 0.8],
    many: [40, 120],
    delays: [
      [1, 3, 2],
      [7, 4, 5],
    ],
  },
]

const result: CostResult = {
  command: 'npm run bench:costs',
  at: '2026-01-02T03:04:05.678Z',
  machine: '2 cores',
  versions: ['PostgreSQL 15.1'],
  rounds: 2,
  inserts: 200,
  rowsOfMany: 10_000,
  commits: 3,
  rows: costRows(samples),
}

it('docs/GUARANTEES.md shows the result that is there: `npm run bench:costs -- --write` makes it', () => {
  const page = read('docs/GUARANTEES.md')
  expect(withCosts(page, costs)).toBe(page)
  const shown = costs.rows.map(({ database, name }) => `${database} ${name}`)
  const ofBoth = ['nobody', 'publish()', 'commit()', 'adapter']
  expect(shown).toEqual([
    ...[...ofBoth, 'capture'].map((name) => `PostgreSQL ${name}`),
    ...ofBoth.map((name) => `SQLite ${name}`),
  ])
})

it('costs are ratios within a round, and delays are of all rounds', () => {
  expect(costsTable(result)).toBe(
    `\`npm run bench:costs\`, 2026-01-02, 2 cores, PostgreSQL 15.1; medians of 2 rounds (least … most), of 200 inserts, one of 10,000 rows, and 3 commits each.

| | way | insert of a row | insert of 10,000 rows | delay, ms: p50 | p99 |
| --- | --- | --- | --- | --- | --- |
| PostgreSQL | without Tidings | 1: 300 µs | 1: 30 ms | – | – |
| PostgreSQL | \`tidings/postgres\`: triggers and adapter | 1.75 (1.50 … 2.00) | 2.50 (2.00 … 3.00) | 4.0 (2.0 … 5.0) | 7.0 (3.0 … 7.0) |`,
  )
})

it('nothing is compared with what was not measured', () => {
  expect(() => costRows(samples.slice(1))).toThrow('PostgreSQL without Tidings')
})
