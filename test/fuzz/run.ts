import { cpus } from 'node:os'
import { amount, count, instrument, seedNumber } from '../../src/testing/instrument.ts'
import type { ResultRow } from '../reliability/result.ts'
import { writeResult } from '../reliability/result.ts'
import { explode } from './bombs.ts'
import { Campaign } from './campaign.ts'
import { keep } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { liveHeapBytes } from '../harness/live-heap.ts'
import type { Finding } from './judge.ts'
import { judge } from './judge.ts'
import { minimise } from './minimise.ts'
import type { Target } from './target.ts'

/** Share of the inputs that coverage guides: it costs up to half of the speed. */
const guidedShare = 0.1
/** Heap that may come with inputs, bytes: caches that fill up to their limits. */
const allowedGrowth = 96 * 1024 * 1024
/** Inputs between two looks at the heap. */
const heapEvery = 1_000_000

interface FuzzOptions {
  readonly inputs: number
  readonly seed: number
  readonly target?: string
  readonly seconds?: number
  readonly json?: string
  readonly plain?: true
  readonly ports?: true
  readonly keep?: true
}

const values = instrument(
  'fuzz',
  'Damaged, hostile and random input to every decoder, guided by structure and by coverage. Ends with 1 if one throws, hangs, grows or takes what it must not.',
)
  .option('--inputs <n>', 'how many, shared out among the decoders', count, 1_000_000)
  .option('--seed <n>', 'where the inputs come from', seedNumber, 1)
  .option('--target <decoder>', 'only this one')
  .option('--seconds <n>', 'end after so many seconds, whatever is left', amount)
  .option(
    '--plain',
    'without coverage and time limits: equal seeds give equal inputs; prints a digest of all outcomes',
  )
  .option(
    '--ports',
    'also strangers at every port of a running cluster (F17), and ports that others hold (F18)',
  )
  .option('--keep', 'keep in the corpus what was found, and what is small and reached new code')
  .option('--json <file>', 'leave the result there')
  .parse()
  .opts<FuzzOptions>()

const say = (line: string) => process.stdout.write(`${line}\n`)
const began = performance.now()
const secondsLeft = () =>
  values.seconds ? Math.max(1, values.seconds - (performance.now() - began) / 1000) : Infinity

const { seed } = values
// Coverage first: what is loaded before it is not counted.
const coverage = values.plain ? null : new Coverage()
const { everyTarget } = await import('./targets/every-target.ts')
const targets = everyTarget.filter(({ name }) => !values.target || name === values.target)
if (targets.length === 0) {
  say(`no target ${values.target}; there are ${everyTarget.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const total = targets.reduce((sum, { weight }) => sum + weight, 0)
const shareOf = ({ weight }: Target) => weight / total
const campaigns = targets.map((target) => new Campaign(target, seed))

async function guide(coverage: Coverage): Promise<void> {
  coverage.takeNew()
  for (const campaign of campaigns) {
    const share = shareOf(campaign.target)
    const inputs = Math.ceil(values.inputs * guidedShare * share)
    await campaign.run({ inputs, coverage, seconds: secondsLeft() * guidedShare * share * 2 })
  }
  say(`${coverage.blocks} blocks of code reached by ${sum(({ inputs }) => inputs)} guided inputs`)
  coverage.stop()
}

const sum = (figure: (campaign: Campaign) => number) =>
  campaigns.reduce((total, campaign) => total + figure(campaign), 0)

/** The most that the heap has grown, bytes. */
async function runAll(): Promise<number> {
  const before = liveHeapBytes()
  let growth = 0
  let lookAt = heapEvery
  for (const [place, campaign] of campaigns.entries()) {
    const wanted = Math.ceil(values.inputs * shareOf(campaign.target))
    const shares = campaigns.slice(place).reduce((rest, { target }) => rest + shareOf(target), 0)
    const until = performance.now() + (secondsLeft() * 1000 * shareOf(campaign.target)) / shares
    while (campaign.inputs < wanted && performance.now() < until) {
      const inputs = Math.min(wanted - campaign.inputs, heapEvery)
      const findings = campaign.findings.size
      await campaign.run({ inputs, seconds: (until - performance.now()) / 1000 })
      if (sum(({ inputs }) => inputs) >= lookAt) {
        growth = Math.max(growth, liveHeapBytes() - before)
        lookAt += heapEvery
      }
      if (campaign.findings.size > findings) break
    }
    tell(campaign)
  }
  return Math.max(growth, liveHeapBytes() - before)
}

const grouped = (value: number) => Math.round(value).toLocaleString('en')
const rateOf = ({ inputs, cpuSeconds }: Campaign) => inputs / Math.max(cpuSeconds, 1e-9)

function tell(campaign: Campaign): void {
  const { target, inputs, outcomes, findings, reached } = campaign
  const words = [
    target.name.padEnd(16),
    grouped(inputs).padStart(11),
    `${grouped(rateOf(campaign))}/s`.padStart(11),
    `${outcomes.size} outcomes`.padStart(12),
    `${reached.length} reached new code`.padStart(22),
    `${findings.size} findings`.padStart(12),
  ]
  say(words.join(' ') + (values.plain ? `  digest ${campaign.digest}` : ''))
}

/** Bytes of a frame that are shown; --keep writes it whole. */
const shownBytes = 2_000

function shownFrame(frame: Buffer): string {
  if (frame.length === 0) return '-'
  const hex = frame.subarray(0, shownBytes).toString('hex')
  const left = frame.length - shownBytes
  return left > 0 ? `${hex}… and ${grouped(left)} bytes more (--keep writes it whole)` : hex
}

function tellFinding(target: Target, finding: Finding): void {
  const least = finding.kind === 'memory' ? finding : minimise(target, finding)
  say(`  ${least.kind} in ${target.name}: ${least.what} ${least.place}`)
  for (const frame of least.input) say(`    ${shownFrame(frame)}`)
  if (values.keep)
    say(`    kept: ${keep(target.name, `${least.kind}: ${least.what}`, least.input)}`)
}

function rowOf(campaign: Campaign): ResultRow {
  const { target, inputs, outcomes, findings } = campaign
  return {
    id: `fuzz/${target.name}`,
    fault: `bytes that nobody sends, at the decoder ${target.name}`,
    injected: `valid ones changed by structure and by bytes, seed ${seed}`,
    times: inputs,
    deliveries: null,
    silent: findings.size,
    reported: null,
    falseLosses: null,
    healP50Ms: null,
    healP99Ms: null,
    figure: `${findings.size} findings (asked: 0); ${outcomes.size} outcomes; ${grouped(rateOf(campaign))} inputs/s of CPU`,
    met: findings.size === 0,
  }
}

if (!values.plain)
  for (const found of await explode(
    seed,
    targets.map(({ name }) => name),
  ))
    campaigns.find(({ target }) => target.name === found.target)?.add(found)
if (coverage) await guide(coverage)
const growth = await runAll()
/** Inputs that reached new code and are kept: small ones, the last, since those are the rarest. */
const keptReached = 3
const keptBytes = 600

function keepReached({ target, reached }: Campaign): void {
  const small = reached.filter((input) => Buffer.concat([...input]).length <= keptBytes)
  for (const input of small.slice(-keptReached)) {
    const outcome = judge(target, input)
    if (typeof outcome === 'string') keep(target.name, `reached new code: ${outcome}`, input)
  }
}

if (values.keep) for (const campaign of campaigns) keepReached(campaign)
for (const { target, findings } of campaigns) {
  for (const finding of findings.values()) tellFinding(target, finding)
}
const found = sum(({ findings }) => findings.size)
const seconds = (performance.now() - began) / 1000
const inputs = sum(({ inputs }) => inputs)
const { user, system } = process.cpuUsage()
const cpuSeconds = (user + system) / 1e6
const rate = `${grouped(inputs / cpuSeconds)} a second of CPU`
say(
  `${grouped(inputs)} inputs in ${seconds.toFixed(1)} s (CPU: ${cpuSeconds.toFixed(1)} s), ${rate}, seed ${seed}`,
)
say(`heap after collection: grew by ${(growth / 1e6).toFixed(1)} MB at most`)
if (growth > allowedGrowth) say(`that is more than ${allowedGrowth / 1e6} MB`)
say(`${campaigns.length} targets, ${found} findings`)
const portRows: ResultRow[] = []
if (values.ports) {
  const { runPorts } = await import('./ports/port-rows.ts')
  portRows.push(...(await runPorts(1)))
  for (const { id, fault, figure, met } of portRows)
    say(`${id} ${fault}\n  ${met ? 'holds' : 'FAILS'}: ${figure}`)
}
if (values.json) {
  const machine = `${cpus().length} cores, Node ${process.version}`
  const command = `npm run fuzz -- ${process.argv.slice(2).join(' ')}`
  const at = new Date().toISOString()
  writeResult(values.json, {
    instrument: 'fuzz',
    command,
    at,
    machine,
    seconds,
    rows: [...campaigns.map(rowOf), ...portRows],
  })
}
const holds = found === 0 && growth <= allowedGrowth && portRows.every(({ met }) => met)
process.exitCode = holds ? 0 : 1
