import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Option } from 'commander'
import type { NodeMode } from '../../model/roster-entry.ts'
import { count, instrument, seedNumber } from '../instrument.ts'
import { FaultTally } from './fault-tally.ts'
import { LiveTrial } from './live-trial.ts'
import { Trial } from './trial.ts'

interface SimulateOptions {
  readonly seeds: number
  readonly from: number
  readonly mode?: NodeMode
  readonly link?: 'relay' | 'multicast'
  readonly nodes?: number
  readonly only?: string
  readonly faults?: true
  readonly untilFailure?: true
  readonly live?: true
  readonly json?: string
}

const values = instrument(
  'simulate',
  'Runs whole clusters on a simulated network under random faults, a seed each, judged from outside. Ends with 1 if one breaks the delivery contract.',
)
  .option('--seeds <n>', 'how many', count, 100)
  .option('--from <seed>', 'the first of them', seedNumber, 1)
  .addOption(
    new Option('--mode <mode>', 'instead of what the seed says').choices(['mesh', 'proxy']),
  )
  .addOption(
    new Option('--link <link>', 'instead of what the seed says').choices(['relay', 'multicast']),
  )
  .option('--nodes <n>', 'instead of what the seed says', count)
  .option('--only <numbers>', 'only these of the faults of the seed, as --faults numbers them: 3,7')
  .option('--faults', 'print the faults of each seed')
  .option('--live', 'with live tables of a database that all publishers write to')
  .option('--until-failure', 'end with the first seed that fails')
  .option('--json <file>', 'leave the result there')
  .parse()
  .opts<SimulateOptions>()
const { from, seeds } = values
const progressEveryMs = 10_000
const startedAt = performance.now()
let toldAt = startedAt
let failed = 0
const totals = { owed: 0, delivered: 0, lost: 0 }
const compared = { rows: 0, untold: 0 }
const tally = new FaultTally()

for (let seed = from; seed < from + seeds; seed++) {
  const options = {
    seed,
    ...(values.nodes && { nodes: values.nodes }),
    ...(values.mode && { mode: values.mode }),
    ...(values.link && { link: values.link }),
    ...(values.only && { onlyFaults: values.only.split(',').map(Number) }),
  }
  const trial = values.live ? new LiveTrial(options) : new Trial(options)
  const verdict = await trial.run()
  if (trial instanceof LiveTrial) {
    compared.rows += trial.compared.rows
    compared.untold += trial.compared.untold
  }
  totals.owed += verdict.owed
  totals.delivered += verdict.delivered
  totals.lost += verdict.lost
  tally.add(trial.faults.counts, verdict)
  if (values.faults) for (const line of trial.faults.log) process.stdout.write(`  ${line}\n`)
  if (performance.now() - toldAt > progressEveryMs) {
    toldAt = performance.now()
    process.stderr.write(`${seed - from + 1} of ${seeds} seeds, ${failed} failed\n`)
  }
  if (verdict.violations.length === 0) continue
  failed++
  const rules = new Map<string, string>()
  for (const { rule, text } of verdict.violations) if (!rules.has(rule)) rules.set(rule, text)
  process.stdout.write(
    `seed ${seed} (${trial.options.mode}, ${trial.options.link}): ${[...rules].map(([rule, text]) => `${rule}: ${text}`).join(' | ')}\n`,
  )
  if (values.untilFailure) break
}
const seconds = (performance.now() - startedAt) / 1000
process.stdout.write(
  `${seeds} seeds in ${seconds.toFixed(1)} s: ${totals.owed} owed, ${totals.delivered} delivered, ${totals.lost} reported lost\n`,
)
if (values.live)
  process.stdout.write(
    `${compared.rows} rows compared, of these ${compared.untold} another one, of publishers that were killed\n`,
  )
process.stdout.write(`${seeds - failed} passed, ${failed} failed\n`)
if (values.json)
  writeFileSync(
    values.json,
    `${JSON.stringify(
      {
        instrument: 'simulation',
        command: `npm run simulate -- --seeds ${seeds}`,
        at: new Date().toISOString(),
        machine: `${availableParallelism()} cores, Node ${process.versions.node}`,
        seconds: Math.round(seconds),
        rows: tally.rows(),
      },
      null,
      2,
    )}\n`,
  )
process.exitCode = failed > 0 ? 1 : 0
