/**
 * `npm run chaos`: real processes under load and faults drawn from a seed, judged from the journals
 * that the applications write. Ends with 1 if the delivery contract did not hold.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Option } from 'commander'
import { amount, count, instrument, seedNumber } from '../../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isLinked, multicastShapes, shapes } from '../../harness/definition-file.ts'
import { maxNodes } from '../../harness/loopback.ts'
import { available } from '../../harness/tools.ts'
import { updatesPerCommit } from '../commit-plan.ts'
import type { Result } from '../result.ts'
import { readResult, writeResult } from '../result.ts'
import { canCut } from './cut.ts'
import type { FaultKind } from './fault-kind.ts'
import { everyFaultKind, faultKinds, networkFaultKinds } from './fault-kind.ts'
import { rowsOf, tableOf, violationLines } from './report.ts'
import type { ShapeResult } from './shape-run.ts'
import { ShapeRun } from './shape-run.ts'
import { deliveriesPerUpdate, publisherNames } from './stage.ts'

/** Of the time of a shape, what is not delivered in: processes start, stand still, are not there. */
const idleShare = 0.3

interface ChaosOptions {
  readonly seconds: number
  readonly shape: Shape | 'all'
  readonly seed: number
  readonly link?: 'relay' | 'multicast'
  readonly keys?: true
  readonly deliveries?: number
  readonly faults?: number
  readonly only?: string
  readonly json?: string
  readonly keep?: true
}

const say = (text: string) => process.stderr.write(`${text}\n`)

const command = instrument(
  'chaos',
  'Real processes under load and faults drawn from a seed, judged from the journals that the applications write. Ends with 1 if the delivery contract did not hold.',
)
  .option('--seconds <n>', 'for how long, all shapes together', amount, 600)
  .addOption(
    new Option('--shape <shape>').choices(['all', ...shapes, ...multicastShapes]).default('all'),
  )
  .addOption(
    new Option(
      '--link <link>',
      'on three machines with networks of their own, linked so; their networks are disturbed, too',
    ).choices(['relay', 'multicast']),
  )
  .option('--keys', 'with a key file')
  .option(
    '--seed <n>',
    'what the faults are drawn from (default: drawn)',
    seedNumber,
    Math.floor(Math.random() * 1e9),
  )
  .option('--deliveries <n>', 'how many, about (default: 20,000,000 in 600 s)', count)
  .option('--faults <n>', 'how many, about (default: 340 in 600 s)', count)
  .option('--only <kinds>', `some of ${Object.keys(everyFaultKind).join(',')}`)
  .option('--keep', 'keep the journals, whatever the verdict')
  .option('--json <file>', 'leave the result there')
const values = command.parse().opts<ChaosOptions>()
const { seconds, seed } = values
const hasKeys = values.keys === true
const onMachines = values.link !== undefined
const possible = [...shapes, ...multicastShapes].filter((shape) =>
  onMachines ? shape.endsWith(`+${values.link}`) : true,
)
const all = onMachines ? possible : shapes
const chosen = values.shape === 'all' ? all : possible.filter((shape) => shape === values.shape)
if (chosen.length === 0) command.error(`error: ${values.shape} is not linked by ${values.link}`)
const deliveries = values.deliveries ?? (seconds * 20_000_000) / 600
const faults = values.faults ?? (seconds * 340) / 600
const only = values.only?.split(',')
const unknown = only?.filter((kind) => !(kind in everyFaultKind)) ?? []
if (unknown.length > 0) command.error(`error: no kind of fault ${unknown.join(', ')}`)

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
  const kinds = Object.keys(onMachines ? everyFaultKind : faultKinds) as FaultKind[]
  const wanted = kinds.filter(
    (kind) =>
      (only?.includes(kind) ?? true) && (kind !== 'lose-machine' || values.link === 'multicast'),
  )
  if (await canCut()) return wanted
  say('connections are not cut: `ss -K` does not work here (it needs root and Linux)')
  return wanted.filter((kind) => kind in networkFaultKinds || !/^(cut|flap)-/.test(kind))
}

async function runShape(shape: Shape, index: number, kinds: FaultKind[]): Promise<ShapeResult> {
  const shapeFolder = join(folder, shape)
  mkdirSync(shapeFolder)
  const faultEveryMs = (secondsOfShape * 1000) / (faults / chosen.length)
  const options = { shape, seed: seed + index, seconds: secondsOfShape, commitsPerSecond }
  const run = new ShapeRun({
    ...options,
    onMachines,
    hasKeys,
    folder: shapeFolder,
    kinds,
    faultEveryMs,
    progress: say,
  })
  try {
    return await run.run(stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) say(childrenLogs())
    throw error
  } finally {
    await endChildren()
  }
}

/** How to say the same again. */
const words = [
  `--seconds ${seconds}`,
  `--shape ${values.shape}`,
  `--seed ${seed}`,
  ...(values.link ? [`--link ${values.link}`] : []),
  ...(hasKeys ? ['--keys'] : []),
].join(' ')

/** Of runs on machines the file has a row for each shape with and without keys; those of other runs stay. */
function asResult(): Pick<Result, 'instrument' | 'rows'> {
  if (!onMachines) return { instrument: 'chaos', rows }
  const fresh = rows
    .filter(({ id }) => chosen.includes(id as Shape))
    .map((row) => (hasKeys ? { ...row, id: `${row.id}, keys` } : row))
  const { json = '' } = values
  const before = existsSync(json) ? readResult(json).rows : []
  const others = before.filter(({ id }) => !fresh.some((row) => row.id === id))
  return {
    instrument: 'machines',
    rows: [...others, ...fresh].toSorted((one, other) => (one.id < other.id ? -1 : 1)),
  }
}

if (onMachines && !available('chaos on machines', 'network', 'nft')) process.exit(1)
const began = performance.now()
say(`seed ${seed}, journals in ${folder}`)
const kinds = await kindsThatWork()
const results: ShapeResult[] = []
for (const [index, shape] of chosen.entries()) {
  if (stopping.signal.aborted) break
  if (isLinked(shape) && maxNodes < 2)
    say(`${shape}: not run, this system has one loopback address`)
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
  say(`violated with ${words}; journals: ${folder}`)
  process.exitCode = 1
}
if (values.json !== undefined && !stopping.signal.aborted)
  writeResult(values.json, {
    ...asResult(),
    command: `npm run chaos -- ${words}`,
    at: new Date().toISOString(),
    machine: `${availableParallelism()} cores, Node ${process.versions.node}`,
    seconds: Math.round((performance.now() - began) / 1000),
  })
if (process.exitCode !== 1 && !values.keep) rmSync(folder, { recursive: true })
