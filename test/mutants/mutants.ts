// Takes one rule out of the sources after the other and demands that its test fails:
// `npm run mutants [-- --only D5 --jobs 2]`. `--table` prints the table of docs/RULES.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { count, instrument } from '../../src/testing/instrument.ts'
import { mutated, plantMutant, removePlanted, runPlanted } from './planted.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'
import { tableOfRules } from './rules-table.ts'

const values = instrument(
  'mutants',
  'Takes one rule out of the sources after the other and demands that its test fails.',
)
  .option('--only <words>', 'only the rules whose number begins so')
  .option('--jobs <n>', 'at a time', count, 1)
  .option('--table', 'print the table of docs/RULES.md instead')
  .parse()
  .opts<{ only?: string; jobs: number; table?: true }>()

/** A rule taken out may end in an endless loop: so long its test may take, … */
const atLeastMs = 90_000

/** … or so many times what it takes with the rule, where that is more: a machine may be slow. */
const timesSlower = 10

/** A rule taken out that only breaks the code proves nothing about its test. */
const wrongReason = /^\s*(SyntaxError|ReferenceError|TypeError)\b/

interface TestResult {
  /** Its own name behind those of the groups that it stands in. */
  readonly fullName: string
  readonly status: string
  readonly failureMessages: readonly string[]
  /** ms. */
  readonly duration?: number | null
}

/** How the test of a rule went with the rule taken out; `how` is empty for a test that failed. */
interface Verdict {
  readonly isFound: boolean
  readonly how: string
}

const notFound = (how: string): Verdict => ({ isFound: false, how })
const failed: Verdict = { isFound: true, how: '' }

/** It counts as found; it is told, since on a machine that stands still it would be told of any test. */
const endless: Verdict = { isFound: true, how: 'it did not end' }

interface ChosenTests {
  readonly files: readonly string[]
  /** Only the one of this name, which is ended after that time; without it all, which take what they take. */
  readonly only?: { readonly name: string; readonly withinMs: number }
}

/** The tests of the files, as vitest reports them; null where they did not come to an end. */
async function testsOf(folder: string, { files, only }: ChosenTests) {
  const report = join(folder, 'report.json')
  const pattern = only?.name.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const { isTimedOut, stderr } = await runPlanted(
    folder,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...files,
      // A rule taken out makes many a test wait for what never comes.
      ...(only ? ['-t', pattern ?? '', `--testTimeout=${only.withinMs / 2}`] : []),
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    only?.withinMs,
  )
  if (isTimedOut) return null
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: readonly { name: string; assertionResults: readonly TestResult[] }[]
    }
    return testResults.map(({ name: path, assertionResults }) => ({
      file: files.find((file) => path.endsWith(file)) ?? path,
      tests: assertionResults,
    }))
  } catch (error) {
    throw new Error(`vitest did not report: ${stderr.slice(-2000)}`, { cause: error })
  }
}

interface WithoutMutants {
  /** What is wrong with the list: a change has one place, and a test that is there once and passes. */
  readonly problems: ReadonlyMap<Rule, string>
  /** ms that the tests of the others took. */
  readonly durations: ReadonlyMap<Rule, number>
}

async function runWithoutMutants(chosen: readonly Rule[]): Promise<WithoutMutants> {
  const problems = new Map<Rule, string>()
  const durations = new Map<Rule, number>()
  for (const rule of chosen) {
    try {
      mutated(rule)
    } catch (error) {
      problems.set(rule, (error as Error).message)
    }
  }
  const files = [...new Set(chosen.flatMap(({ test }) => ('file' in test ? [test.file] : [])))]
  if (files.length === 0) return { problems, durations }
  const folder = plantMutant(null)
  const results = (await testsOf(folder, { files })) ?? []
  removePlanted(folder)
  for (const rule of chosen) {
    const { test } = rule
    if (!('file' in test)) continue
    const named = (results.find(({ file }) => file === test.file)?.tests ?? []).filter(
      ({ fullName }) => fullName.includes(test.name),
    )
    const [one] = named
    if (!one || named.length > 1) problems.set(rule, `${named.length} tests have that name`)
    else if (one.status !== 'passed')
      problems.set(rule, `without the mutant the test is ${one.status}`)
    else durations.set(rule, one.duration ?? 0)
  }
  return { problems, durations }
}

async function judge(rule: Rule, durationMs: number): Promise<Verdict> {
  const folder = plantMutant(rule)
  try {
    return 'seeds' in rule.test
      ? await judgeSimulation(folder, rule.test.seeds)
      : await judgeTest(folder, rule.test, Math.max(atLeastMs, timesSlower * durationMs))
  } finally {
    removePlanted(folder)
  }
}

async function judgeTest(
  folder: string,
  { file, name }: { file: string; name: string },
  withinMs: number,
): Promise<Verdict> {
  const results = await testsOf(folder, { files: [file], only: { name, withinMs } })
  if (results === null) return endless
  const test = results.flatMap(({ tests }) => tests).find(({ fullName }) => fullName.includes(name))
  if (!test) return notFound('the file of the test cannot be run')
  if (test.status === 'passed') return notFound('the test passes')
  const [reason = ''] = test.failureMessages
  const [line = ''] = reason.split('\n')
  if (wrongReason.test(reason)) return notFound(`the code is broken: ${line}`)
  return line.includes('Test timed out') ? endless : failed
}

async function judgeSimulation(folder: string, seeds: number): Promise<Verdict> {
  const { code, isTimedOut, stdout, stderr } = await runPlanted(
    folder,
    ['src/testing/simulation/simulate.ts', '--seeds', String(seeds), '--until-failure'],
    4 * atLeastMs,
  )
  if (isTimedOut) return endless
  if (code === 0) return notFound(`${seeds} seeds pass`)
  return /^seed \d+/m.test(stdout)
    ? failed
    : notFound(`the code is broken: ${stderr.trim().split('\n')[0]}`)
}

const nameOf = ({ test }: Rule) =>
  'file' in test ? `${test.file}: ${test.name}` : `the simulator, ${test.seeds} seeds`

async function run(): Promise<void> {
  const { only } = values
  const chosen = rules.filter(
    ({ rule }) => only === undefined || rule === only || rule.startsWith(`${only}.`),
  )
  if (chosen.length === 0) throw new Error(`there is no rule ${only}`)
  const { problems, durations } = await runWithoutMutants(chosen)
  const missed: string[] = []
  const withoutEnd: string[] = []
  const queue = [...chosen]
  const work = async (): Promise<void> => {
    for (let rule = queue.shift(); rule; rule = queue.shift()) {
      const problem = problems.get(rule)
      const verdict =
        problem === undefined ? await judge(rule, durations.get(rule) ?? 0) : notFound(problem)
      if (!verdict.isFound) missed.push(rule.rule)
      if (verdict === endless) withoutEnd.push(rule.rule)
      console.log(`${verdict.isFound ? 'found    ' : 'NOT FOUND'} ${rule.rule}: ${nameOf(rule)}`)
      if (verdict.how !== '') console.log(`          ${rule.name}: ${verdict.how}`)
    }
  }
  await Promise.all(Array.from({ length: values.jobs }, work))
  if (withoutEnd.length > 0)
    console.log(`found by a test that did not end: ${withoutEnd.join(' ')}`)
  if (missed.length > 0) console.log(`not found: ${missed.join(' ')}`)
  console.log(`${chosen.length - missed.length} passed, ${missed.length} failed`)
  process.exitCode = missed.length > 0 ? 1 : 0
}

if (values.table) console.log(tableOfRules(rules))
else await run()
