// Speed as a ratio to plain zeromq.js in the same run, soon done: npm run bench:guard
import { endChildren } from '../test/harness/child.ts'
import { amount, count, instrument } from '../src/testing/instrument.ts'
import { contenderNamed } from './contender.ts'
import committed from './guard.json' with { type: 'json' }
import { workloads } from './plan.ts'
import { median, pairedRatios } from './statistics.ts'

/** How far a ratio may fall on a busy machine before it is the product that got slower. */
const guardShare = 0.7

const { repeats, seconds, warmUp } = instrument(
  'bench:guard',
  'Updates a second beside plain zeromq.js with one JSON message an update, in turns. Ends with 1 where a ratio is below 0.7 of the one in bench/guard.json.',
)
  .option('--repeats <n>', 'repetitions in turns', count, 3)
  .option('--seconds <s>', 'about how long each run is measured', amount, 1)
  .option('--warm-up <s>', 'about how long each run goes on before it is measured', amount, 1)
  .parse()
  .opts<{ repeats: number; seconds: number; warmUp: number }>()

// Interrupted, the children go with this process: see the harness.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const [workload] = workloads({
  peers: [],
  shapes: [{ publishers: 1, subscribers: 1 }],
  rows: ['15'],
  reading: ['one'],
  repeats,
  updates: Number.MAX_SAFE_INTEGER,
  seconds,
  warmUp,
  latency: [],
  latencySeconds: 0,
  turns: [],
  cold: [],
})
if (!workload) throw new Error('there is no workload')

const rates = new Map<string, number[]>(['zeromq', ...Object.keys(committed)].map((n) => [n, []]))
try {
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const [name, measured] of rates) {
      const contender = await contenderNamed(name)
      const outcome = await contender.run(workload.shape, workload.rows, workload.work(contender))
      if (outcome.lost > 0) throw new Error(`${contender.title} has lost ${outcome.lost} updates`)
      measured.push(outcome.perSecond)
    }
} finally {
  await endChildren()
}

const raw = rates.get('zeromq') ?? []
const perSecond = (measured: readonly number[]): string =>
  `${Math.round(median(measured)).toLocaleString('en')}/s`.padStart(12)
console.log(`${workload.title}, medians of ${repeats}`)
console.log(`zeromq.js, JSON per update ${perSecond(raw)}`)
for (const [name, asked] of Object.entries(committed)) {
  const ours = rates.get(name) ?? []
  const ratio = pairedRatios(ours, raw)
  const least = guardShare * asked
  const isShort = !(ratio.median >= least)
  console.log(
    `Tidings, ${name.padEnd(17)} ${perSecond(ours)}  ratio ${ratio.median.toFixed(1)} (${ratio.min.toFixed(1)} … ${ratio.max.toFixed(1)}), at least ${least.toFixed(1)}${isShort ? ': not met' : ''}`,
  )
  if (isShort) process.exitCode = 1
}
