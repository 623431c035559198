import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { Child } from '../harness/child.ts'
import type { Shape } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available, python } from '../harness/tools.ts'

const messages = 20_000
const connections = 1_000

const hasPython = available('bursts of programs that are not ours', 'python')
const processes = join(import.meta.dirname, 'processes')

endProcessesAfterEach()

async function burst(cluster: TestCluster, node: number, ...more: string[]): Promise<Child> {
  const inbound = `tcp://${cluster.node(node).host}:${cluster.ports.inbound}`
  const program = new Child({
    name: 'foreign_burst.py',
    program: python() ?? '',
    arguments: [join(processes, 'foreign_burst.py'), inbound, ...more],
    ipc: false,
  })
  await program.says(/^ready$/m)
  return program
}

async function subscribers(cluster: TestCluster): Promise<Application[]> {
  const all: Application[] = []
  for (const node of cluster.nodes.keys())
    for (const n of [1, 2]) all.push(await cluster.open(`SUBSCRIBER_${n}`, {}, node))
  await Promise.all(all.map((each) => each.subscribe(['FOREIGN'])))
  return all
}

const numbersOf = (foreign: readonly { readonly record: object }[]): number[] =>
  foreign.map(({ record }) => (record as { readonly N: number }).N)

/** So many have come, each once, and nothing is lost. */
async function receives(subscriber: Application, count: number) {
  const report = await eventually('all foreign updates are here', async () => {
    const latest = await subscriber.report()
    return latest.foreign.length >= count ? latest : null
  })
  expect(report.losses).toEqual([])
  const upTo = Array.from({ length: count }, (_, n) => n + 1)
  expect(report.foreign.map(({ sequence }) => sequence)).toEqual(upTo)
  return report.foreign
}

const shapes: readonly [shape: Shape, nodes: number][] = [
  ['mesh', 1],
  ['proxy', 1],
  ['mesh+relay', 2],
  ['proxy+relay', 2],
]

for (const [shape, nodes] of shapes) {
  it.runIf(hasPython)(
    `${shape}: a burst comes in order and once to every subscriber, also while GENESIS_CLUSTER stands still`,
    async () => {
      const cluster = await TestCluster.reserve(shape, nodes)
      const goOn = join(scratchDirectory(), 'go-on')
      const load = pathToFileURL(join(processes, 'standing-still.ts')).href
      const env = { NODE_OPTIONS: `--import ${load}`, TIDINGS_TEST_GO_ON: goOn }
      await Promise.all(cluster.nodes.map((node) => node.start(env)))
      const all = await subscribers(cluster)
      const program = await burst(cluster, 0, String(messages))
      const { child } = cluster.node(0)
      child.process.kill('SIGUSR2')
      await child.says(/^standing still$/m)
      program.process.stdin?.write('go\n')
      expect(await program.ended).toEqual({ code: 0, signal: null })
      expect(existsSync(goOn)).toBe(false)
      writeFileSync(goOn, '')
      for (const subscriber of all) {
        const foreign = await receives(subscriber, messages)
        expect(numbersOf(foreign)).toEqual(Array.from({ length: messages }, (_, n) => n + 1))
      }
    },
  )
}

for (const [shape, nodes] of shapes) {
  it.runIf(hasPython)(`${shape}: a message of 4 MiB comes whole`, async () => {
    const cluster = await TestCluster.start(shape, nodes)
    const subscriber = await cluster.open('SUBSCRIBER', {}, nodes - 1)
    await subscriber.subscribe(['FOREIGN'])
    const program = await burst(cluster, 0, '1', 'large')
    program.process.stdin?.write('go\n')
    expect(await program.ended).toEqual({ code: 0, signal: null })
    const [, large] = await receives(subscriber, 2)
    const { TEXT = '' } = (large?.record ?? {}) as { readonly TEXT?: string }
    expect(TEXT).toHaveLength(4 * 1024 * 1024)
  })
}

it.runIf(hasPython)('of a thousand connections that come and go nothing is lost', async () => {
  const cluster = await TestCluster.start('mesh')
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe(['FOREIGN'])
  const program = await burst(cluster, 0, '1', String(connections))
  program.process.stdin?.write('go\n')
  expect(await program.ended).toEqual({ code: 0, signal: null })
  const numbers = numbersOf(await receives(subscriber, connections + 1))
  expect(numbers.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: connections + 1 }, (_, n) => n + 1),
  )
})
