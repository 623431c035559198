import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Trial } from '../../src/testing/simulation/trial.ts'
import { repository } from '../harness/child.ts'
import { shapes } from '../harness/definition-file.ts'
import { faultKinds } from './chaos/fault-kind.ts'
import { rows as faultRows } from './faults/rows.ts'
import { pauseFile, readPauseResult, withPause } from './pause/pause-result.ts'
import { readResults, withResults } from './reliability-page.ts'
import type { Instrument, Result, ResultRow } from './result.ts'

const result: Result = {
  instrument: 'soak',
  command: 'npm run soak',
  at: '2026-01-02T03:04:05.678Z',
  machine: '2 cores',
  seconds: 60.4,
  rows: [
    {
      id: 'x',
      fault: 'a | b',
      injected: 'how',
      times: 1_234,
      deliveries: null,
      silent: 0,
      reported: 7,
      falseLosses: null,
      healP50Ms: 0.4,
      healP99Ms: 1_234,
      figure: '',
      met: false,
    },
  ],
}

it('docs/RELIABILITY.md shows the results that are there: `npm run reliability` makes it', () => {
  const page = readFileSync(join(repository, 'docs', 'RELIABILITY.md'), 'utf8')
  const results = readResults()
  expect(results.map(({ instrument }) => instrument)).toContain('chaos')
  expect(page).toBe(withResults(page, results))
  expect(page).toBe(withPause(page, readPauseResult(pauseFile)))
})

/** What instruments measure, each thing by its id: the page has to show all of it. */
const measured: readonly (readonly [Instrument, readonly string[]])[] = [
  ['chaos', [...shapes, ...Object.keys(faultKinds)]],
  ['faults', faultRows.map(({ id }) => id)],
  ['simulation', new Trial({ seed: 1 }).faults.names],
]

const commandOf = (instrument: Instrument) =>
  instrument === 'simulation' ? 'simulate' : instrument

/** What has no result, and results of what there is no longer. */
function differences(ids: readonly string[], rows: readonly Pick<ResultRow, 'id'>[]) {
  const shown = rows.map(({ id }) => id)
  return {
    lacking: ids.filter((id) => !shown.includes(id)),
    unknown: shown.filter((id) => !ids.includes(id)),
  }
}

it.each(measured)('docs/RELIABILITY.md lacks no result of %s', (instrument, ids) => {
  const rows = readResults().find((each) => each.instrument === instrument)?.rows ?? []
  expect(differences(ids, rows), `measure them: npm run ${commandOf(instrument)}`).toEqual({
    lacking: [],
    unknown: [],
  })
})

it.each(measured)('a page without one result of %s, or with a stale one, is found', (_, ids) => {
  const whole = ids.map((id) => ({ id }))
  expect(new Set(ids).size).toBe(ids.length)
  expect(differences(ids, whole)).toEqual({ lacking: [], unknown: [] })
  expect(differences(ids, whole.slice(1))).toEqual({ lacking: [ids[0]], unknown: [] })
  expect(differences(ids, [...whole, { id: 'F0' }])).toEqual({ lacking: [], unknown: ['F0'] })
})

it('replaces what is between its marks, and nothing else', () => {
  const page = withResults('before\n<!-- results -->\nold\n<!-- /results -->\nafter\n', [result])
  expect(page).toBe(`before
<!-- results -->

### Soak

\`npm run soak\`, 2026-01-02, 2 cores, 60 s.

|  | fault | injected | times | deliveries | silent | reported | false | heal p50 | heal p99 | figure | met |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| x | a \\| b | how | 1,234 | – | 0 | 7 | – | < 1 ms | 1.2 s |  | **no** |

<!-- /results -->
after
`)
  expect(() => withResults('no marks', [result])).toThrow('has no <!-- results -->')
})
