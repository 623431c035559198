// Plants bugs in a copy of the sources, one at a time, and has the simulator find each:
// `npm run simulate:mutants [-- --seeds 1000] [--only WORDS]`. Ends with 1 if one of them is not found.
import { count, instrument } from '../../src/testing/instrument.ts'
import { plantMutant, removePlanted, runPlanted } from './planted.ts'
import { simulatedBugs } from './simulated-bugs.ts'

const values = instrument(
  'simulate:mutants',
  'Plants bugs in a copy of the sources, one at a time, and has the simulator find each. Ends with 1 if one is not found.',
)
  .option('--seeds <n>', 'at most so many for each', count, 1000)
  .option('--only <words>', 'only the bugs whose name has these words')
  .parse()
  .opts<{ seeds: number; only?: string }>()

/** So many seeds are run at a time. */
const seedsAtATime = 50

/** A planted bug may be an endless loop: longer than so many seeds take on a busy machine by far. */
const standstillMs = 300_000

/** The first failing line of the simulator, or null where it found nothing. */
async function simulate(folder: string): Promise<string | null> {
  for (let from = 1; from <= values.seeds; from += seedsAtATime) {
    const finding = await simulateFrom(folder, from)
    if (finding !== null) return finding
  }
  return null
}

async function simulateFrom(folder: string, from: number): Promise<string | null> {
  const seeds = Math.min(seedsAtATime, values.seeds - from + 1)
  const range = ['--from', String(from), '--seeds', String(seeds)]
  const { code, isTimedOut, stdout, stderr } = await runPlanted(
    folder,
    ['src/testing/simulation/simulate.ts', ...range, '--until-failure'],
    standstillMs,
  )
  if (isTimedOut) return 'it never ends'
  if (code === 0) return null
  const finding = stdout.split('\n').find((line) => line.startsWith('seed'))
  // A bug that does not even run proves nothing.
  if (finding === undefined) throw new Error(`the simulator itself failed: ${stderr.slice(0, 500)}`)
  return finding
}

let found = 0
let missed = 0
for (const bug of simulatedBugs.filter(({ name }) => !values.only || name.includes(values.only))) {
  const folder = plantMutant(bug)
  const finding = await simulate(folder)
  removePlanted(folder)
  if (finding === null) missed++
  else found++
  console.log(`${finding === null ? 'NOT FOUND' : 'found    '} ${bug.name}`)
  if (finding !== null) console.log(`          ${finding.slice(0, 160)}`)
}
console.log(`${found} passed, ${missed} failed`)
process.exitCode = missed > 0 ? 1 : 0
