// docs/OBSERVE.md is held to the code: every figure and every channel, and no other.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { clusterFigures } from '../src/metrics/cluster-figures.ts'
import { metricsText } from '../src/metrics/metrics-text.ts'
import { points, traces } from '../src/queue/channels.ts'
import { linkedSnapshot } from './harness/linked-snapshot.ts'
import { openQueuePair } from './harness/queue-pair.ts'

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
