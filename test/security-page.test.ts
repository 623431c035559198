// SECURITY.md says of each threat what stops it, what nothing stops, and which tests show that.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { repository } from './harness/child.ts'
import { namesOfNoTest } from './harness/listed-tests.ts'

const page = readFileSync(join(repository, 'SECURITY.md'), 'utf8')
const table = page.split('<!-- threats -->')[1]?.split('<!-- /threats -->')[0] ?? ''
const rows = table
  .trim()
  .split('\n')
  .slice(2)
  .map((row) => row.split('|').map((cell) => cell.trim()))

/** `file`: a part of the name of a test; several stand one below the other. */
const testsIn = (cell: string) =>
  cell.split('<br>').map((each) => {
    const [, file = '', name = ''] = /^`(\S+\.test\.ts)`: (.+)$/.exec(each) ?? []
    return { file, name }
  })

it('SECURITY.md says of each threat what stops it, what nothing stops, and the tests that show it', () => {
  expect(rows.length).toBeGreaterThan(20)
  const incomplete = rows.filter(
    ([, threat, stops, rest, tests = '', ...more]) =>
      !threat || !stops || !rest || more.length !== 1 || testsIn(tests).some(({ name }) => !name),
  )
  expect(incomplete).toEqual([])
})

it('each test that SECURITY.md names is there once', async () => {
  expect(await namesOfNoTest(rows.flatMap(([, , , , tests = '']) => testsIn(tests)))).toEqual([])
})
