/** `npm run bench`: this product and others under the same work in the same run. */
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { Option } from 'commander'
import { amount, count, instrument } from '../src/testing/instrument.ts'
import { endChildren } from '../test/harness/child.ts'
import { throughputChart } from './chart.ts'
import type { Contender } from './contender.ts'
import { contenderNamed, contenderNames, usualNames } from './contender.ts'
import type { Shape } from './peers/peer.ts'
import type { Options, Workload } from './plan.ts'
import { workloads } from './plan.ts'
import type { BenchResults, Series } from './results.ts'
import { resultsPage } from './results.ts'
import type { Outcome } from './run.ts'
import { readings, rowSets } from './workload.ts'

const shapeNames = ['1x1', '1x8', '8x8']
const latencyRates = ['1000', '10000', '50000']

const values = instrument(
  'bench',
  'This product and others under the same work, in turns. Ends with 1 if anything was lost or a run failed.',
)
  .addOption(new Option('--peers <name...>').choices(contenderNames).default(usualNames))
  .addOption(new Option('--shapes <shape...>').choices(shapeNames).default(shapeNames))
  .addOption(new Option('--rows <set...>').choices(rowSets).default(rowSets))
  .addOption(new Option('--read <what...>').choices(readings).default(readings))
  .option('--repeats <n>', 'repetitions in turns', count, 3)
  .option(
    '--updates <n>',
    'by each publisher, at most: to warm up, and again while it is measured',
    count,
    Number.MAX_SAFE_INTEGER,
  )
  .option('--seconds <s>', 'about how long one run of throughput is measured', amount, 3)
  .option('--warm-up <s>', 'about how long each run goes on before it is measured', amount, 4)
  .addOption(
    new Option('--latency <rate...>', 'updates a second')
      .choices(latencyRates)
      .default(latencyRates),
  )
  .addOption(
    new Option('--turns <shape...>', 'where each commit has a turn of its own')
      .choices(['1x1', '1x8'])
      .default(['1x1', '1x8']),
  )
  .option('--no-turns', 'without those')
  .addOption(
    new Option('--cold <shape...>', 'measured from the first update on, without warm-up, too')
      .choices(['1x1', '1x8'])
      .default(['1x1', '1x8']),
  )
  .option('--no-cold', 'without those')
  .option('--no-latency', 'throughput only')
  .option('--latency-seconds <s>', 'recorded for each rate', amount, 4)
  .option('--quick', 'a look: 1x1, 15 fields, one field read, no latency')
  .option('--json <file>', 'writes all figures there too')
  .option('--write', 'writes bench/RESULTS.md and docs/throughput.svg')
  .parse()
  .opts<{
    peers: string[]
    shapes: string[]
    rows: Options['rows']
    read: Options['reading']
    repeats: number
    updates: number
    seconds: number
    warmUp: number
    latency: string[] | false
    latencySeconds: number
    turns: string[] | false
    cold: string[] | false
    quick?: true
    json?: string
    write?: true
  }>()

function shapeOf(name: string): Shape {
  const [publishers = 1, subscribers = 1] = name.split('x').map(Number)
  return { publishers, subscribers }
}

const asked: Options = {
  peers: values.peers,
  shapes: values.shapes.map(shapeOf),
  rows: values.rows,
  reading: values.read,
  repeats: values.repeats,
  updates: values.updates,
  seconds: values.seconds,
  warmUp: values.warmUp,
  latency: values.latency === false ? [] : values.latency.map(Number),
  latencySeconds: values.latencySeconds,
  turns: values.turns === false ? [] : values.turns.map(shapeOf),
  cold: values.cold === false ? [] : values.cold.map(shapeOf),
}
const options: Options = values.quick
  ? {
      ...asked,
      shapes: [shapeOf('1x1')],
      rows: ['15'],
      reading: ['one'],
      latency: [],
      turns: [],
      cold: [],
    }
  : asked

/** Who can take part; who cannot is named with what is missing. */
async function muster() {
  const contenders: Contender[] = []
  const versions = new Set([`node ${process.version}`])
  const missing: string[] = []
  for (const name of options.peers) {
    const contender = await contenderNamed(name)
    const requirement = contender.requirement()
    for (const version of requirement.versions) versions.add(version)
    if (requirement.missing.length === 0) contenders.push(contender)
    else missing.push(`${contender.title}: ${requirement.missing.join(', ')}`)
  }
  return { contenders, versions: [...versions], missing }
}

function tell(contender: Contender, { perSecond, latency, lost }: Outcome): void {
  const figure = latency
    ? `p50 ${latency.p50.toFixed(2)} p99 ${latency.p99.toFixed(2)} p99.9 ${latency.p999.toFixed(2)} ms`
    : `${Math.round(perSecond).toLocaleString('en').padStart(10)}/s`
  console.error(`  ${contender.title.padEnd(44)} ${figure}${lost > 0 ? `  LOST ${lost}` : ''}`)
}

/** Who has failed so often under one workload is left out of the rest of it. */
const mostFailures = 2

/** A B C A B C …: what slows the machine for a while slows all. Tells of runs that failed, and goes on. */
async function runInTurns(
  workload: Workload,
  contenders: readonly Contender[],
  failures: string[],
): Promise<Series[]> {
  const takingPart = contenders.filter((each) => workload.takesPart(each))
  const { title, type, shape, rows } = workload
  const lists = takingPart.map((contender) => ({
    contender,
    outcomes: [] as Outcome[],
    repeats: [] as number[],
    failed: 0,
  }))
  console.error(title)
  for (let repeat = 0; repeat < options.repeats; repeat++)
    for (const list of lists) {
      const { contender } = list
      if (list.failed >= mostFailures) continue
      try {
        const outcome = await contender.run(shape, rows, workload.work(contender))
        tell(contender, outcome)
        list.outcomes.push(outcome)
        list.repeats.push(repeat)
      } catch (error) {
        list.failed++
        await endChildren()
        const { message } = error as Error
        const [what = ''] = message.split('\n')
        console.error(`  ${contender.title.padEnd(44)} FAILED: ${message}`)
        failures.push(`${title}, ${contender.title}: ${what}`)
      }
    }
  const ran = lists.filter(({ outcomes }) => outcomes.length > 0)
  return ran.map(({ contender, outcomes, repeats }) => ({
    peer: contender.name,
    title: contender.title,
    workload: title,
    type,
    outcomes,
    repeats,
  }))
}

async function bench(): Promise<BenchResults> {
  const startedAt = new Date().toISOString()
  const { contenders, versions, missing } = await muster()
  for (const line of [...versions, ...missing.map((each) => `MISSING ${each}`)]) console.error(line)
  const series: Series[] = []
  const failures: string[] = []
  for (const workload of workloads(options))
    series.push(...(await runInTurns(workload, contenders, failures)))
  const [cpu] = os.cpus()
  const machine = `${os.cpus().length} × ${cpu?.model ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`
  const given = process.argv
    .slice(2)
    .join(' ')
    .replace(/ *--json \S+/, '')
  return { startedAt, options: given, machine, versions, missing, failures, series }
}

// Interrupted, the children go with this process: see the harness.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

try {
  const results = await bench()
  const page = resultsPage(results)
  console.log(page)
  if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`)
  if (values.write) {
    const [first] = results.series
    const shown = results.series.filter(({ workload }) => workload === first?.workload)
    const chart = throughputChart(`Updates a second, ${first?.workload ?? ''}`, shown)
    writeFileSync(join(import.meta.dirname, 'RESULTS.md'), page)
    writeFileSync(join(import.meta.dirname, '..', 'docs', 'throughput.svg'), chart)
  }
  const hasLost = results.series.some(({ outcomes }) => outcomes.some(({ lost }) => lost > 0))
  process.exitCode = hasLost || results.failures.length > 0 ? 1 : 0
} finally {
  await endChildren()
}
