// docs/OBSERVE.md is held to the code: every figure and every channel, and no other.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { clusterFigures } from '../src/metrics/cluster-figures.ts'
import { metricsText } from '../src/metrics/metrics-text.ts'
import { points, traces } from '../src/queue/channels.ts'
import { endProcessesAfterEach } from './harness/after-each.ts'
import { linkedSnapshot } from './harness/linked-snapshot.ts'
import { blocks, root } from './harness/pages.ts'
import { openQueuePair } from './harness/queue-pair.ts'
import { startSample } from './harness/sample.ts'
import { TestCluster } from './harness/test-cluster.ts'

endProcessesAfterEach()

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'OBSERVE.md'), 'utf8')

/** The words in code style in the first cells of a table. */
const toldIn = (name: string): string[] => {
  const [, text = ''] = page.split(`<!-- ${name} -->`)
  const rows = (text.split(`<!-- /${name} -->`)[0] ?? '').trim().split('\n').slice(2)
  return rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  )
}

it('has every figure of a queue', async () => {
  const { publisher } = await openQueuePair()
  const figures = [...metricsText(publisher).matchAll(/^# TYPE (\w+)/gm)].map(
    ([, name = '']) => name,
  )
  expect(toldIn('figures').toSorted()).toEqual(figures.toSorted())
})

it('has every figure of GENESIS_CLUSTER', () => {
  const told = { warnings: 0, refusedRegistrations: 0, refusedMessages: new Map() }
  const snapshot = linkedSnapshot()
  const figures = clusterFigures({ node: snapshot.node, isReady: true, told, snapshot })
  expect(toldIn('cluster figures')).toEqual(figures.map(({ name }) => name))
})

it('has every channel', () => {
  const names = (channels: object): string[] =>
    Object.keys(channels).map((name) => `tidings:${name}`)
  expect(toldIn('traces')).toEqual(names(traces))
  expect(toldIn('points')).toEqual(names(points))
})

it('prints a program whose spans and metrics the SDK of OpenTelemetry has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-observed-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
  const [setup = '', program = ''] = blocks('docs/OBSERVE.md', 'js')
  writeFileSync(join(folder, 'telemetry.mjs'), setup)
  const cluster = await TestCluster.start('proxy', 1)
  const child = startSample(cluster, join(folder, 'traced.mjs'), program, {
    node: ['--import', './telemetry.mjs'],
  })
  expect(await child.ended).toEqual({ code: 0, signal: null })
  const spans = new Map(
    child.output
      .split(/^\{\n(?= {2}resource: )/m)
      .map((text) => [/^ {2}name: '([^']+)'/m.exec(text)?.[1], text] as const),
  )
  const field = (name: string, pattern: RegExp) => pattern.exec(spans.get(name) ?? '')?.[1]
  const enter = field('enter trade', /^ {2}id: '(\w+)'/m)
  expect(enter).toMatch(/^\w{16}$/)
  expect(field('publish TRADE', /^ {2}parentSpanContext: \{[^}]*spanId: '(\w+)'/m)).toBe(enter)
  expect(field('deliver TRADE', /^ {2}links: \[[^\]]*spanId: '(\w+)'/m)).toBe(enter)
  expect(toldIn('spans')).toEqual(['publish TRADE', 'deliver TRADE', 'receive TRADE'])
  const metrics = [...child.output.matchAll(/name: '((?:messaging|tidings)\.[\w.]+)'/g)].map(
    ([, name]) => name,
  )
  expect(toldIn('metrics').filter((name) => !metrics.includes(name))).toEqual([])
  expect(child.output).toContain("'tidings.process': 'TRADE_EVENT_HANDLER'")
})
