import { expect, it } from 'vitest'
import { cellText, growthPage, type MeasuredSection, type SectionName } from './page.ts'

const section = (name: SectionName, rows: [string, number][]): MeasuredSection => ({
  name,
  title: `Growth of ${name}`,
  method: 'As it is.',
  columns: ['what', 'rate'],
  rows,
  laws: ['rate ~ n^1.0 (R² 1.00)'],
  surroundings: { cpus: 2, node: 'v24.0.0', loadBefore: 0.25, loadAfter: 3 },
})

it('writes a table, its laws and how busy the machine was', () => {
  expect(growthPage([section('sizes', [['a|b', 1234.5]])])).toMatch(
    `
<!-- section sizes -->
## Growth of sizes

As it is.

| what | rate |
| --- | --- |
| a\\|b | 1,235 |

- rate ~ n^1.0 (R² 1.00)
- Measured on 2 CPUs, Node v24.0.0, load average 0.3 before, 3.0 after.
`,
  )
})

it('keeps the sections that were not measured anew, and the order', () => {
  const earlier = growthPage([section('tables', [['old', 1]]), section('commits', [['old', 2]])])
  const page = growthPage([section('commits', [['new', 3]]), section('processes', [])], earlier)
  expect(page.match(/^## .*/gm)).toEqual([
    '## Growth of processes',
    '## Growth of tables',
    '## Growth of commits',
  ])
  expect(page.match(/\| (old|new) \| \d/g)).toEqual(['| old | 1', '| new | 3'])
  expect(growthPage([], page)).toBe(page)
})

it('writes three digits that count', () => {
  expect([0, 0.012345, 1.5, 42, 99.99, 123.4, 1e6, 'text'].map(cellText)).toEqual([
    '0',
    '0.0123',
    '1.5',
    '42',
    '100',
    '123',
    '1,000,000',
    'text',
  ])
})
