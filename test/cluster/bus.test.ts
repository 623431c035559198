import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { RunningCluster, nodesAt, settingsOf, stateDirectory, stopAll } from './running-cluster.ts'
import { Source, Tap, closeTaps, pathDrained, pathProven } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

const update = (text: string) => `table/TRADE/ ${text}`

async function startNodes(...addresses: string[]): Promise<RunningCluster[]> {
  const nodes = await nodesAt(...addresses)
  const clusters = await Promise.all(
    nodes.map((_, place) => RunningCluster.start(settingsOf(nodes, place))),
  )
  for (const cluster of clusters) {
    for (const { name } of nodes) {
      if (name !== cluster.settings.node.name) await cluster.linkedTo(name)
    }
  }
  return clusters
}

test('an update crosses from inbound to outbound, and a request goes up the same way', async () => {
  const [cluster] = await startNodes('127.0.0.1')
  const tap = new Tap(cluster!.at('outbound'))
  const source = new Source(cluster!.at('inbound'))
  await pathProven(source, [tap], 'first')
  await tap.request('\x02sync')
  await eventually('the request', () => source.upstream.includes('\x02sync'))
})

test('an update crosses only where its table is wanted', async () => {
  const [cluster] = await startNodes('127.0.0.1')
  const tap = new Tap(cluster!.at('outbound'), 'table/TRADE/')
  const source = new Source(cluster!.at('inbound'))
  await pathProven(source, [tap], 'first')
  source.publish('audit', 'table/TRADE_AUDIT/')
  await pathDrained(source, [tap], 'last')
  expect(tap.heard.some((each) => each.includes('audit'))).toBe(false)
})

test('what a mesh process sends to export reaches the other nodes exactly once, and not its own', async () => {
  const [a, b, c] = await startNodes('127.0.0.1', '127.0.0.2', '127.0.0.3')
  const taps = [a, b, c].map((cluster) => new Tap(cluster!.at('outbound')))
  const [own, ...others] = taps as [Tap, Tap, Tap]
  const mesh = new Source(a!.at('export'))
  const script = new Source(a!.at('inbound'))
  await pathProven(mesh, others, 'mesh begins')
  await pathProven(script, taps, 'script begins')
  for (let n = 0; n < 100; n += 1) {
    mesh.publish(`mesh ${n}`)
    script.publish(`script ${n}`)
  }
  await pathDrained(mesh, others, 'mesh ends')
  await pathDrained(script, taps, 'script ends')
  for (let n = 0; n < 100; n += 1) {
    expect(taps.map((tap) => tap.count(update(`mesh ${n}`)))).toEqual([0, 1, 1])
    expect(taps.map((tap) => tap.count(update(`script ${n}`)))).toEqual([1, 1, 1])
  }
  expect(own.heard.some((each) => each.includes('mesh'))).toBe(false)
})

test('updates flow on while the event loop of GENESIS_CLUSTER stands still', async () => {
  const [cluster] = await startNodes('127.0.0.1')
  const tap = new Tap(cluster!.at('outbound'))
  const source = new Source(cluster!.at('inbound'))
  await pathProven(source, [tap], 'first')
  const until = path.join(stateDirectory(), 'go on')
  cluster!.order({ type: 'block', until })
  await cluster!.report('blocking')
  await pathDrained(source, [tap], 'meanwhile')
  expect(cluster!.reports.some(({ type }) => type === 'unblocked')).toBe(false)
  writeFileSync(until, '')
  await cluster!.report('unblocked')
})

test('a proxy that ends is replaced by a new bus on the same ports', async () => {
  const [a, b] = await startNodes('127.0.0.1', '127.0.0.2')
  const taps = [a, b].map((cluster) => new Tap(cluster!.at('outbound')))
  const source = new Source(a!.at('inbound'))
  await pathProven(source, taps, 'first')
  a!.order({ type: 'end-proxy', place: 0 })
  await a!.event('a new bus', ({ type }) => type === 'bus-renewed')
  await pathProven(source, taps, 'again')
  const back = new Source(b!.at('inbound'))
  await pathProven(back, taps, 'and back')
})
