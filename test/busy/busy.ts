/**
 * `npm run test:busy`: `npm test` again and again while every core is busy with something else. Ends with 1 at the
 * first run that fails, and with the line "N passed, N failed".
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { count, instrument } from '../../src/testing/instrument.ts'
import { repository } from '../harness/child.ts'
import { BusyLoops } from './busy-loops.ts'

const command = instrument(
  'test:busy',
  '`npm test` again and again while every core is busy with something else. Ends with 1 at the first run that fails.',
)
  .argument('[words...]', 'only the test files that have one of the words in their path')
  .option('--times <n>', 'how often', count, 5)
  .option('--loops <n>', 'processes that keep a core busy', count, availableParallelism())
  .parse()
const { times, loops: loopCount } = command.opts<{ times: number; loops: number }>()

const loops = new BusyLoops(loopCount)
let running: ChildProcess | null = null

/** The tests are a group of their own: npm does not end what it has started. */
function endTests(): void {
  if (running?.pid === undefined) return
  try {
    process.kill(-running.pid, 'SIGTERM')
  } catch {
    // They have ended meanwhile.
  }
}

process.on('exit', () => {
  endTests()
  loops.end()
})
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => process.exit(code))

async function passes(): Promise<boolean> {
  const child = spawn('npm', ['test', '--', ...command.args], {
    cwd: repository,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  running = child
  console.log(`run ${seconds.length + 1} of ${times}: pid ${child.pid}`)
  const [code] = (await once(child, 'exit')) as [number | null]
  running = null
  return code === 0
}

console.log(`busy loops: ${loops.pids.join(' ')}`)
const seconds: number[] = []
let failed = 0
while (seconds.length < times && failed === 0) {
  const began = performance.now()
  if (!(await passes())) failed = 1
  seconds.push(Math.round((performance.now() - began) / 1000))
  console.log(
    `run ${seconds.length} of ${times}: ${failed ? 'FAILED' : 'passed'}, ${seconds.at(-1)} s`,
  )
}
console.log(`runs took ${seconds.join(', ')} s`)
console.log(`${seconds.length - failed} passed, ${failed} failed`)
process.exit(failed)
