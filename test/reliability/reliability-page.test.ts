import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repository } from '../harness/child.ts'
import { pauseFile, readPauseResult, withPause } from './pause/pause-result.ts'
import { readResults, withResults } from './reliability-page.ts'
import type { Result } from './result.ts'

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
