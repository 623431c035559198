/**
 * `npm run pause`: what a subscriber of this product and of others has of what was published while it was cut
 * off or stood still. Ends with 1 if this product left something out in silence, or a run failed.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { Option } from 'commander'
import { amount, count, instrument } from '../../../src/testing/instrument.ts'
import { childrenLogs, endChildren } from '../../harness/child.ts'
import { available } from '../../harness/tools.ts'
import { machine } from '../faults/machine.ts'
import type { PausePeer } from './pause-peer.ts'
import { pausePeers } from './pause-peers.ts'
import type { PauseResult, PauseRow } from './pause-result.ts'
import { missingOf, pauseTables, readPauseResult } from './pause-result.ts'
import type { Fault } from './pause-run.ts'
import { faults, runPause } from './pause-run.ts'

const names = pausePeers.map(({ name }) => name)
const values = instrument(
  'pause',
  'What a subscriber of this product and of others has of what was published while it was cut off or stood still.',
)
  .addOption(new Option('--peers <name...>').choices(names).default(names))
  .addOption(new Option('--faults <fault...>').choices(faults).default([...faults]))
  .option('--seconds <s>', 'how long', amount, 30)
  .option('--per-second <n>', 'updates published', count, 1000)
  .option(
    '--json <file>',
    'leave the result there; with --peers or --faults, in place of those rows of it',
  )
  .parse()
  .opts<{
    peers: string[]
    faults: Fault[]
    seconds: number
    perSecond: number
    json?: string
  }>()

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const rows: PauseRow[] = []
const versions = new Set<string>()
const notRun: string[] = []
const failures: string[] = []

async function tryOne(peer: PausePeer, fault: Fault): Promise<void> {
  try {
    const outcome = await runPause(peer, fault, values)
    const row = { peer: peer.name, title: peer.title, fault, ...outcome }
    rows.push(row)
    console.log(fault, peer.title, { ...outcome, ...missingOf(row) })
  } catch (error) {
    failures.push(`${peer.title}, ${fault}`)
    console.error(`${peer.title}, ${fault}: ${(error as Error).stack}\n${childrenLogs()}`)
  } finally {
    await endChildren()
  }
}

for (const fault of values.faults) {
  const needs = fault === 'cut' ? (['network', 'nft'] as const) : []
  if (!available(`the fault ${fault}`, ...needs)) {
    notRun.push(`${fault}, for lack of network namespaces or nft`)
    continue
  }
  for (const peer of pausePeers.filter(({ name }) => values.peers.includes(name))) {
    const requirement = peer.requirement()
    for (const version of requirement.versions) versions.add(version)
    if (requirement.missing.length === 0) await tryOne(peer, fault)
    else notRun.push(`${peer.title}, ${fault}, for lack of ${requirement.missing.join(', ')}`)
  }
}

/** Where only some were asked for: those of the file that were not run now, if they are of the same work. */
function othersOf(file: string | undefined): PauseRow[] {
  if (file === undefined || !existsSync(file)) return []
  const before = readPauseResult(file)
  if (before.seconds !== values.seconds || before.perSecond !== values.perSecond) return []
  const asked = ({ peer, fault }: PauseRow) =>
    values.peers.includes(peer) && values.faults.includes(fault)
  for (const version of before.versions) versions.add(version)
  return before.rows.filter((row) => !asked(row))
}

const { seconds, perSecond } = values
const others = othersOf(values.json)
const order = (row: PauseRow): number =>
  faults.indexOf(row.fault) * names.length + names.indexOf(row.peer)
const result: PauseResult = {
  command: `npm run pause -- --seconds ${seconds} --per-second ${perSecond}`,
  at: new Date().toISOString(),
  machine: machine(),
  versions: [...versions],
  seconds,
  perSecond,
  notRun,
  rows: [...others, ...rows].toSorted((one, other) => order(one) - order(other)),
}
console.log(pauseTables(result))
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`)
for (const failure of failures) console.error(`FAILED: ${failure}`)
const ours = rows.filter(({ peer }) => peer === 'tidings')
process.exitCode = failures.length > 0 || ours.some((row) => missingOf(row).silent > 0) ? 1 : 0
