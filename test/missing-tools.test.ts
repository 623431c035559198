// What a machine lacks: a user's tests are named as not run, and why; in continuous integration they fail.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { runnable } from './harness/tools.ts'

const root = join(import.meta.dirname, '..')
const said: string[] = []

/** They read tests, and have pieces of some in texts of their own. */
const areOfTests = ['test/missing-tools.test.ts', 'test/patience.test.ts']

beforeEach(() => {
  said.length = 0
  vi.spyOn(console, 'log').mockImplementation((line: string) => void said.push(line))
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const lack = 'there is no container, no nft (Linux, root, scripts/install-test-tools.sh)'

it('what is missing on a machine of a user is named with its tests, which do not run', () => {
  vi.stubEnv('CI', undefined)
  expect(runnable('three containers', ['container', 'nft'])).toBe(false)
  expect(said).toEqual([`three containers: not run, ${lack}`])
})

it('what is missing in continuous integration is a failure', () => {
  vi.stubEnv('CI', 'true')
  expect(() => runnable('three containers', ['container', 'nft'])).toThrow(
    `three containers: ${lack}`,
  )
  expect(said).toEqual([])
})

it.each([undefined, 'true'])('where nothing is missing the tests run (CI=%s)', (ci) => {
  vi.stubEnv('CI', ci)
  expect(runnable('three containers', [])).toBe(true)
  expect(said).toEqual([])
})

it('.ci/run is continuous integration', () => {
  expect(readFileSync(join(root, '.ci', 'run'), 'utf8')).toMatch(/^export CI=true$/m)
})

it('no test is left out but where a tool is missing, as the harness finds, or on another system', () => {
  const files = ['src', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join(folder, file)),
  )
  const leftOut: string[] = []
  let conditions = 0
  for (const file of files.filter((each) => !areOfTests.includes(each))) {
    const text = readFileSync(join(root, file), 'utf8')
    if (/\.(?:skip|skipIf|todo|fails)\b/.test(text)) leftOut.push(file)
    for (const [, condition = ''] of text.matchAll(/\.runIf\(\s*([^\n]*)/g)) {
      conditions += 1
      if (!/^(?:available|runnable)\(|^process\.platform === /.test(resolved(text, condition)))
        leftOut.push(`${file}: ${condition}`)
    }
  }
  expect(conditions).toBeGreaterThan(20)
  expect(leftOut).toEqual([])
})

/** A name that stands for the condition, as what the file says it is. */
function resolved(text: string, condition: string): string {
  const name = /^(\w+)(?:\)| &&|\(name\))/.exec(condition)?.[1]
  if (name === undefined) return condition
  const made = new RegExp(`\\b${name}(?: = |: )(?:\\([^)]*\\): boolean =>\\s*)?([^\\n]*)`).exec(
    text,
  )
  return made?.[1] ?? condition
}
