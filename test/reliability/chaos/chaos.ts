/**
 * `npm run chaos`: real processes under load and faults drawn from a seed, judged from the journals
 * that the applications write. Ends with 1 if the delivery contract did not hold.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isRelay, shapes } from '../../harness/definition-file.ts'
import { maxNodes } from '../../harness/loopback.ts'
import { updatesPerCommit } from '../commit-plan.ts'
import { writeResult } from '../result.ts'
import { canCut } from './cut.ts'
import type { FaultKind } from './fault-kind.ts'
import { faultKinds } from './fault-kind.ts'
import { rowsOf, tableOf, violationLines } from './report.ts'
import type { ShapeResult } from './shape-run.ts'
import { ShapeRun } from './shape-run.ts'
import { deliveriesPerUpdate, publisherNames } from './stage.ts'

/** Of the time of a shape, what is not delivered in: processes start, stand still, are not there. */
const idleShare = 0.3

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    shape: { type: 'string', default: 'all' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    deliveries: { type: 'string' },
    faults: { type: 'string' },
    only: { type: 'string' },
    json: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

const say = (text: string) => process.stderr.write(`${text}\n`)

function usage(): never {
  say(
    `usage: chaos [--seconds 600] [--shape all|${shapes.join('|')}] [--seed N] [--deliveries N] [--faults N] [--only KIND,KIND] [--json FILE] [--keep]
kinds: ${Object.keys(faultKinds).join(' ')}`,
  )
  process.exit(2)
}

const chosen: Shape[] = shapes.filter((shape) => ['all', shape].includes(values.shape))
const seconds = Number(values.seconds)
const seed = Number(values.seed)
const deliveries = Number(values.deliveries ?? (seconds * 20_000_000) / 600)
const faults = Number(values.faults ?? (seconds * 340) / 600)
const only = values.only?.split(',')
if (only?.some((kind) => !(kind in faultKinds))) usage()
if (chosen.length === 0 || !(seconds > 0 && deliveries > 0 && faults > 0 && seed >= 0)) usage()

const secondsOfShape = seconds / chosen.length
const commitsPerSecond =
  deliveries /
  chosen.length /
  (secondsOfShape * (1 - idleShare)) /
  (publisherNames.length * deliveriesPerUpdate * updatesPerCommit)

const folder = mkdtempSync(join(tmpdir(), 'tidings-chaos-'))
const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())

async function kindsThatWork(): Promise<FaultKind[]> {
  const all = Object.keys(faultKinds) as FaultKind[]
  const wanted = all.filter((kind) => only?.includes(kind) ?? true)
  if (await canCut()) return wanted
  say('connections are not cut: `ss -K` does not work here (it needs root and Linux)')
  return wanted.filter((kind) => !/^(cut|flap)-/.test(kind))
}

async function runShape(shape: Shape, index: number, kinds: FaultKind[]): Promise<ShapeResult> {
  const shapeFolder = join(folder, shape)
  mkdirSync(shapeFolder)
  const faultEveryMs = (secondsOfShape * 1000) / (faults / chosen.length)
  const options = { shape, seed: seed + index, seconds: secondsOfShape, commitsPerSecond }
  const run = new ShapeRun({ ...options, folder: shapeFolder, kinds, faultEveryMs, progress: say })
  try {
    return await run.run(stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) say(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

const began = performance.now()
say(`seed ${seed}, journals in ${folder}`)
const kinds = await kindsThatWork()
const results: ShapeResult[] = []
for (const [index, shape] of chosen.entries()) {
  if (stopping.signal.aborted) break
  if (isRelay(shape) && maxNodes < 2) say(`${shape}: not run, this system has one loopback address`)
  else results.push(await runShape(shape, index, kinds))
}
const rows = rowsOf(results)
const wrong = results.flatMap(violationLines)
console.log(tableOf(rows))
if (stopping.signal.aborted) {
  // Half a run is no verdict.
  process.exitCode = 130
} else if (wrong.length > 0) {
  for (const line of wrong) say(line)
  say(
    `violated with --seed ${seed} --seconds ${seconds} --shape ${values.shape}; journals: ${folder}`,
  )
  process.exitCode = 1
}
if (values.json !== undefined && !stopping.signal.aborted)
  writeResult(values.json, {
    instrument: 'chaos',
    command: `npm run chaos -- --seconds ${seconds} --shape ${values.shape} --seed ${seed}`,
    at: new Date().toISOString(),
    machine: `${availableParallelism()} cores, Node ${process.versions.node}`,
    seconds: Math.round((performance.now() - began) / 1000),
    rows,
  })
if (process.exitCode !== 1 && !values.keep) rmSync(folder, { recursive: true })
