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

/** Longer than the slowest of the tests takes by far: a rule taken out may end in an endless loop. */
const withinMs = 90_000

/** A rule taken out that only breaks the code proves nothing about its test. */
const wrongReason = /^\s*(SyntaxError|ReferenceError|TypeError)\b/

interface TestResult {
  /** Its own name behind those of the groups that it stands in. */
  readonly fullName: string
  readonly status: string
  readonly failureMessages: readonly string[]
}

/** The tests of the files, as vitest reports them; null where it did not come to an end. */
async function testsOf(folder: string, files: readonly string[], name?: string) {
  const report = join(folder, 'report.json')
  const pattern = name?.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const { isTimedOut, stderr } = await runPlanted(
    folder,
    [
      'node_modules/vitest/vitest.mjs',
      'run',
      ...files,
      ...(pattern === undefined ? [] : ['-t', pattern]),
      '--reporter=json',
      // A rule taken out makes many a test wait for what never comes.
      `--testTimeout=${withinMs / 2}`,
      `--outputFile=${report}`,
    ],
    withinMs * files.length,
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

/** What is wrong with the list: a change has one place, and a test that is there once and passes. */
async function problemsWithoutMutants(chosen: readonly Rule[]): Promise<Map<Rule, string>> {
  const problems = new Map<Rule, string>()
  for (const rule of chosen) {
    try {
      mutated(rule)
    } catch (error) {
      problems.set(rule, (error as Error).message)
    }
  }
  const files = [...new Set(chosen.flatMap(({ test }) => ('file' in test ? [test.file] : [])))]
  if (files.length === 0) return problems
  const folder = plantMutant(null)
  const results = (await testsOf(folder, files)) ?? []
  removePlanted(folder)
  for (const rule of chosen) {
    const { test } = rule
    if (!('file' in test)) continue
    const named = (results.find(({ file }) => file === test.file)?.tests ?? []).filter(
      ({ fullName }) => fullName.includes(test.name),
    )
    if (named.length !== 1) problems.set(rule, `${named.length} tests have that name`)
    else if (named[0]?.status !== 'passed')
      problems.set(rule, `without the mutant the test is ${named[0]?.status}`)
  }
  return problems
}

/** null where the rule is missed for the right reason; else what happened instead. */
async function survival(rule: Rule): Promise<string | null> {
  const folder = plantMutant(rule)
  try {
    return 'seeds' in rule.test
      ? await survivesSimulation(folder, rule.test.seeds)
      : await survivesTest(folder, rule.test)
  } finally {
    removePlanted(folder)
  }
}

async function survivesTest(
  folder: string,
  { file, name }: { file: string; name: string },
): Promise<string | null> {
  const results = await testsOf(folder, [file], name)
  if (results === null) return null
  const test = results.flatMap(({ tests }) => tests).find(({ fullName }) => fullName.includes(name))
  if (!test) return 'the file of the test cannot be run'
  if (test.status === 'passed') return 'the test passes'
  const [reason = ''] = test.failureMessages
  return wrongReason.test(reason) ? `the code is broken: ${reason.split('\n')[0]}` : null
}

async function survivesSimulation(folder: string, seeds: number): Promise<string | null> {
  const { code, isTimedOut, stdout, stderr } = await runPlanted(
    folder,
    ['src/testing/simulation/simulate.ts', '--seeds', String(seeds), '--until-failure'],
    4 * withinMs,
  )
  if (isTimedOut) return null
  if (code === 0) return `${seeds} seeds pass`
  return /^seed \d+/m.test(stdout) ? null : `the code is broken: ${stderr.trim().split('\n')[0]}`
}

const nameOf = ({ test }: Rule) =>
  'file' in test ? `${test.file}: ${test.name}` : `the simulator, ${test.seeds} seeds`

async function run(): Promise<void> {
  const { only } = values
  const chosen = rules.filter(
    ({ rule }) => only === undefined || rule === only || rule.startsWith(`${only}.`),
  )
  if (chosen.length === 0) throw new Error(`there is no rule ${only}`)
  const problems = await problemsWithoutMutants(chosen)
  const missed: string[] = []
  const queue = [...chosen]
  const work = async (): Promise<void> => {
    for (let rule = queue.shift(); rule; rule = queue.shift()) {
      const problem = problems.get(rule) ?? (await survival(rule))
      if (problem !== null) missed.push(rule.rule)
      console.log(`${problem === null ? 'found    ' : 'NOT FOUND'} ${rule.rule}: ${nameOf(rule)}`)
      if (problem !== null) console.log(`          ${rule.name}: ${problem}`)
    }
  }
  await Promise.all(Array.from({ length: values.jobs }, work))
  if (missed.length > 0) console.log(`not found: ${missed.join(' ')}`)
  console.log(`${chosen.length - missed.length} passed, ${missed.length} failed`)
  process.exitCode = missed.length > 0 ? 1 : 0
}

if (values.table) console.log(tableOfRules(rules))
else await run()
