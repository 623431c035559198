/**
 * `npm run soak`: half of the maximum rate, or another share of it, for a long time; nothing may grow. Ends with 1 when memory
 * or latency does by more than twice the error of its slope, or anything was delivered wrong.
 */
import { mkdirSync } from 'node:fs'
import { Option } from 'commander'
import { amount, instrument } from '../../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { shapes } from '../../harness/definition-file.ts'
import type { ResultRow } from '../result.ts'
import { writeResult } from '../result.ts'
import { violations } from './judge.ts'
import { machine } from './machine.ts'
import type { SoakResult } from './soak-run.ts'
import { runSoak } from './soak-run.ts'
import type { Trend } from './trend.ts'

const command = instrument(
  'soak',
  'Half of the maximum rate for long: ends with 1 when the memory of a process or the latency grows, or anything was delivered wrong.',
)
  .option('--seconds <n>', 'for how long, from 10 on', amount, 600)
  .addOption(new Option('--shape <shape>', 'of the cluster').choices(shapes).default('proxy'))
  .option(
    '--percent <n>',
    'of the maximum rate, from 1 to 90; where the machine has other work to do, less than half',
    amount,
    50,
  )
  .option('--json <file>', 'leave the result there')
  .option(
    '--snapshots <folder>',
    'leave two heap snapshots of each process there, of when it was warm and of the end: the developer tools of Chromium compare them',
  )
const values = command
  .parse()
  .opts<{ seconds: number; percent: number; shape: Shape; json?: string; snapshots?: string }>()
const { seconds, percent } = values
if (values.snapshots !== undefined) mkdirSync(values.snapshots, { recursive: true })
if (percent < 1 || percent > 90) command.error('error: --percent is from 1 to 90')
if (seconds < 10) command.error('error: --seconds is from 10 on: a line has to be fitted')

const text = (value: number): string => value.toPrecision(4)

function trendText({ unit, mean, perHour, error, quarters, grows }: Trend): string {
  const slope = `${text(perHour)} ± ${text(error)} ${unit} an hour`
  const course = quarters.map(text).join(', ')
  return `mean ${text(mean)} ${unit} (by quarters ${course}), slope ${slope}: ${grows ? 'GROWS, a finding' : 'within noise'}`
}

function resultRows(result: SoakResult): ResultRow[] {
  const { verdict, trends } = result
  return trends.map((trend) => ({
    id: trend.what,
    fault: `${percent} % of the maximum rate (${Math.round(result.rate)}/s) for ${seconds} s`,
    injected: values.shape,
    times: 1,
    deliveries: verdict.deliveries,
    silent: violations(verdict),
    reported: verdict.reported,
    falseLosses: verdict.reported,
    healP50Ms: null,
    healP99Ms: null,
    figure: trendText(trend),
    met: !trend.grows && violations(verdict) === 0,
  }))
}

try {
  const result = await runSoak(values.shape, { seconds, percent, snapshots: values.snapshots })
  const { verdict, trends } = result
  console.log(
    `${Math.round(result.maximum).toLocaleString('en')} updates/s at most, ${Math.round(result.rate).toLocaleString('en')} soaked for ${seconds} s`,
  )
  console.table(
    Object.fromEntries(
      trends.map(({ what, unit, samples, mean, quarters, perHour, error, share, grows }) => [
        what,
        {
          unit,
          samples,
          mean: text(mean),
          'by quarters': quarters.map(text).join(' '),
          'slope an hour': text(perHour),
          '95 %': `± ${text(error)}`,
          'over the run': `${(share * 100).toFixed(2)} %`,
          grows,
        },
      ]),
    ),
  )
  console.log(`verdict: ${JSON.stringify(verdict)}`)
  if (values.json !== undefined)
    writeResult(values.json, {
      instrument: 'soak',
      command: `npm run soak -- --seconds ${seconds} --percent ${percent} --shape ${values.shape}`,
      at: new Date().toISOString(),
      machine: machine(),
      seconds,
      rows: resultRows(result),
    })
  const isFlat = trends.every(({ grows }) => !grows)
  process.exitCode = isFlat && violations(verdict) + verdict.reported === 0 ? 0 : 1
} catch (error) {
  console.error(childrenLogs())
  throw error
} finally {
  await endChildren()
}
