// `npm run cases`: the stories of this folder with real processes, one file each. `-- WORD…` runs those
// whose file name has one of the words. Ends with the line "N passed, N failed".
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { startVitest } from 'vitest/node'

/** Files at a time: they wait for processes and deadlines more than they compute, so more than there are cores. */
const workers = 4

const words = process.argv.slice(2)
const files = readdirSync(import.meta.dirname).filter(
  (file) =>
    file.endsWith('.test.ts') && (words.length === 0 || words.some((word) => file.includes(word))),
)

if (files.length === 0) {
  console.error(`cases: no file of test/cases/ has ${words.join(' or ')} in its name`)
  process.exitCode = 2
} else {
  const paths = files.map((file) => join(import.meta.dirname, file))
  const vitest = await startVitest('test', paths, {
    watch: false,
    reporters: ['verbose'],
    maxWorkers: workers,
  })
  const modules = vitest.state.getTestModules()
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const count = (state: string) => tests.filter((test) => test.result().state === state).length
  // A file that cannot be read or run fails, and has no test that could.
  const broken = modules.filter(
    (module) => module.state() === 'failed' && module.errors().length > 0,
  )
  const others = vitest.state.getUnhandledErrors().length
  const failed = count('failed') + broken.length + others + (paths.length - modules.length)
  await vitest.close()
  if (count('skipped') > 0) console.log(`${count('skipped')} not run, for what is said above`)
  console.log(`${count('passed')} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
