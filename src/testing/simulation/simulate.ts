import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { FaultTally } from './fault-tally.ts'
import { Trial } from './trial.ts'

/** `node simulate.ts --seeds 500 [--from 1] [--mode mesh|proxy] [--nodes 2] [--only 3,7] [--faults] [--json FILE]` */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    mode: { type: 'string' },
    nodes: { type: 'string' },
    only: { type: 'string' },
    faults: { type: 'boolean', default: false },
    'until-failure': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const from = Number(values.from)
const seeds = Number(values.seeds)
const progressEveryMs = 10_000
const startedAt = performance.now()
let toldAt = startedAt
let failed = 0
const totals = { owed: 0, delivered: 0, lost: 0 }
const tally = new FaultTally()

for (let seed = from; seed < from + seeds; seed++) {
  const trial = new Trial({
    seed,
    ...(values.nodes && { nodes: Number(values.nodes) }),
    ...(values.mode && { mode: values.mode as 'mesh' | 'proxy' }),
    ...(values.only && { onlyFaults: values.only.split(',').map(Number) }),
  })
  const verdict = await trial.run()
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
    `seed ${seed} (${trial.options.mode}): ${[...rules].map(([rule, text]) => `${rule}: ${text}`).join(' | ')}\n`,
  )
  if (values['until-failure']) break
}
const seconds = (performance.now() - startedAt) / 1000
process.stdout.write(
  `${seeds} seeds in ${seconds.toFixed(1)} s: ${totals.owed} owed, ${totals.delivered} delivered, ${totals.lost} reported lost\n`,
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
