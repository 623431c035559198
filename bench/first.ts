// Object → object between two processes, against raw zeromq.js with JSON per message in the same run:
// node bench/first.ts [--updates 2000000] [--repeats 5] [--least 10 | --guard]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import committed from './guard.json' with { type: 'json' }
import { Child } from './children.ts'

const { values } = parseArgs({
  options: {
    updates: { type: 'string', default: '2000000' },
    repeats: { type: 'string', default: '5' },
    /** Exit 1 where a ratio is below it. */
    least: { type: 'string', default: '0' },
    /** Exit 1 where a ratio is below 0.7 of its own in guard.json. */
    guard: { type: 'boolean', default: false },
  },
})
/** How far a ratio may fall on a busy machine before it is the product that got slower. */
const guardShare = 0.7
const leastOf = (name: string): number =>
  values.guard
    ? guardShare * ((committed as Record<string, number>)[name] ?? 0)
    : Number(values.least)
const updates = Number(values.updates)
const folder = mkdtempSync(join(tmpdir(), 'tidings-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

interface Outcome {
  readonly perSecond: number
  readonly cpuSecondsPerMillion: number
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            resolve(typeof address === 'object' && address ? address.port : 0)
          })
        }),
    ),
  )
  for (const server of servers) server.close()
  return ports
}

async function definition(mode: 'mesh' | 'proxy'): Promise<string> {
  const [inbound, outbound, cluster, registry, relay, exported] = await freePorts(6)
  const file = join(folder, `${mode}.kts`)
  const items = {
    ZeroMQProxyInboundPort: inbound,
    ZeroMQProxyOutboundPort: outbound,
    ZeroMQProxyModeEnabled: mode === 'proxy',
    ClusterPort: cluster,
    TidingsRegistryPort: registry,
    TidingsRelayPort: relay,
    TidingsExportPort: exported,
  }
  const lines = Object.entries(items).map(
    ([name, value]) => `item(name = "${name}", value = "${value}")`,
  )
  writeFileSync(file, `systemDefinition {\n  global {\n    ${lines.join('\n    ')}\n  }\n}\n`)
  return file
}

async function measure(publisher: Child, subscriber: Child, count: number): Promise<Outcome> {
  await publisher.report('ready')
  await subscriber.report('ready')
  publisher.tell('go')
  const sent = await publisher.report('done')
  const received = await subscriber.report('done')
  const seconds = Number(BigInt(received.endedAt) - BigInt(sent.startedAt)) / 1e9
  for (const child of [publisher, subscriber]) child.tell('end')
  await Promise.all([publisher.ended(), subscriber.ended()])
  return {
    perSecond: count / seconds,
    cpuSecondsPerMillion: (sent.cpuMs + received.cpuMs) / 1000 / (count / 1e6),
  }
}

async function runTidings(mode: 'mesh' | 'proxy'): Promise<Outcome> {
  const env = { TIDINGS_DEFINITION: await definition(mode), TIDINGS_STATE: join(folder, 'state') }
  const cluster = new Child('../bin/tidings.js', ['cluster'], env)
  const subscriber = new Child('first-process.ts', ['tidings-subscriber', String(updates)], env)
  await subscriber.report('ready')
  const publisher = new Child('first-process.ts', ['tidings-publisher', String(updates)], env)
  const outcome = await measure(publisher, subscriber, updates)
  await cluster.end()
  return outcome
}

async function runRaw(): Promise<Outcome> {
  const [port = 0] = await freePorts(1)
  const count = Math.ceil(updates / 5)
  const publisher = new Child('first-process.ts', ['raw-publisher', String(count), String(port)])
  await publisher.report('ready')
  const subscriber = new Child('first-process.ts', ['raw-subscriber', String(count), String(port)])
  await subscriber.report('ready')
  // A raw subscriber cannot tell when its subscription has reached the publisher.
  await delay(500)
  return measure(publisher, subscriber, count)
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

const peers = {
  'raw zeromq.js, JSON per message': runRaw,
  'tidings, mesh': () => runTidings('mesh'),
  'tidings, proxy': () => runTidings('proxy'),
}
const outcomes = new Map<string, Outcome[]>(Object.keys(peers).map((name) => [name, []]))
for (let repeat = 0; repeat < Number(values.repeats); repeat++)
  for (const [name, run] of Object.entries(peers)) outcomes.get(name)?.push(await run())

const [raw = []] = outcomes.values()
let isShort = false
console.log(
  `${updates} updates of 15 fields, object to object, medians of ${values.repeats} (min … max)`,
)
for (const [name, all] of outcomes) {
  const rates = all.map(({ perSecond }) => perSecond)
  const ratios = all.map(
    ({ perSecond }, index) => perSecond / (raw[index]?.perSecond ?? Number.NaN),
  )
  const ratio = median(ratios)
  if (all !== raw && ratio < leastOf(name)) {
    isShort = true
    console.error(
      `${name}: a ratio of ${ratio.toFixed(1)}, at least ${leastOf(name).toFixed(1)} was asked for`,
    )
  }
  const format = (rate: number): string => Math.round(rate).toLocaleString('en')
  console.log(
    `${name.padEnd(32)} ${format(median(rates)).padStart(10)}/s (${format(Math.min(...rates))} … ${format(Math.max(...rates))})` +
      `  ratio ${ratio.toFixed(1)} (${Math.min(...ratios).toFixed(1)} … ${Math.max(...ratios).toFixed(1)})` +
      `  CPU ${median(all.map(({ cpuSecondsPerMillion }) => cpuSecondsPerMillion)).toFixed(1)} s per million`,
  )
}
process.exitCode = isShort ? 1 : 0
