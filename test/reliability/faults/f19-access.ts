import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type KeyPair, newKeyPair } from '../../../src/model/key-pair.ts'
import { endChildren } from '../../harness/child.ts'
import { type Shape, writeDefinition } from '../../harness/definition-file.ts'
import { eventually } from '../../harness/eventually.ts'
import { tellsKeys, writeKeyFile } from '../../harness/key-file.ts'
import { Network } from '../../harness/network.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { command, TestCluster, TestNode } from '../../harness/test-cluster.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, type Verdict } from './judge.ts'
import { accounts, Machines } from './machines.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import { type Place, publishedBy, settled } from './settled.ts'

const tables = ['TRADE', 'POSITION']
const updatesPerSecond = 500
const size = 4

/** So long a node that was started again is let in nowhere. */
const deniedMs = 5_000

/** Changes of keys of each shape at scale 1, and times that a node is denied. */
const roundsWanted = 3

const linkedMs = 2_000

/** A node, and the key file that it alone has. */
interface OwnNode {
  readonly node: TestNode
  readonly definition: string
  readonly keyFile: string
}

/** Two nodes of which each has a key file of its own. */
class TwoKeyFiles {
  /** Of the ports of the first node. */
  readonly #key: KeyPair
  readonly #first: OwnNode
  readonly #second: OwnNode
  readonly #publishers: readonly Place[]
  readonly #subscribers: readonly Place[]

  private constructor(
    key: KeyPair,
    first: OwnNode,
    second: OwnNode,
    publishers: readonly Place[],
    subscribers: readonly Place[],
  ) {
    this.#key = key
    this.#first = first
    this.#second = second
    this.#publishers = publishers
    this.#subscribers = subscribers
  }

  static async start(shape: Shape): Promise<TwoKeyFiles> {
    const { machines } = new Network(2)
    const cluster = await TestCluster.reserve(shape, 2, { machines })
    const hosts = machines.map(({ name }) => name)
    const key = newKeyPair()
    const own = cluster.nodes.map(({ host, state, place }): OwnNode => {
      const folder = scratchDirectory()
      const keyFile = join(folder, 'tidings.key')
      writeKeyFile(keyFile, [key])
      const items = { TidingsKeyFile: keyFile }
      const definition = writeDefinition(folder, shape, hosts, cluster.ports, items)
      return { node: new TestNode(host, definition, state, command, place), definition, keyFile }
    })
    const [first, second] = own
    if (!first || !second) throw new Error('there are no two nodes')
    await Promise.all(own.map(({ node }) => node.start()))
    const open = (role: string) =>
      Promise.all(
        own.map(async ({ definition }, node): Promise<Place> => {
          const key = `${role}_${node}`
          return { participant: await startQueue(cluster, key, tables, { definition }, node), key }
        }),
      )
    const two = new TwoKeyFiles(
      key,
      first,
      second,
      await open('PUBLISHER'),
      await open('SUBSCRIBER'),
    )
    await two.#begin()
    return two
  }

  /** The second node is started again with a key that the first one does not have; resolves with the time until all is there again. */
  async deny(): Promise<number> {
    const [first, second] = [this.#first, this.#second]
    const stranger = newKeyPair()
    writeKeyFile(second.keyFile, [stranger])
    await second.node.end('SIGKILL')
    await second.node.start()
    await second.node.child.says(new RegExp(`node ${first.node.host} does not let this one in`))
    await pause(deniedMs)
    writeKeyFile(first.keyFile, [this.#key, stranger])
    writeKeyFile(second.keyFile, [stranger, this.#key])
    const allowedAt = monotonicMs()
    await this.whole()
    return monotonicMs() - allowedAt
  }

  /** What is told lost counts when its end is told. */
  async whole(): Promise<Verdict> {
    const published = await publishedBy(this.#publishers)
    const each = this.#subscribers.map(async (subscriber) => {
      await accounts(subscriber, published)
      return settled(subscriber, published)
    })
    return addVerdicts(...(await Promise.all(each)))
  }

  async judge(): Promise<Verdict> {
    for (const { participant, key } of this.#publishers) await participant.call('stop', { key })
    return this.whole()
  }

  async #begin(): Promise<void> {
    for (const { participant, key } of this.#subscribers)
      await participant.call('subscribe', { key, tables })
    for (const { participant, key } of this.#publishers)
      await participant.call('pace', { key, updatesPerSecond, size })
    await this.whole()
  }
}

async function denied(shape: Shape, rounds: number): Promise<Measured> {
  const two = await TwoKeyFiles.start(shape)
  const healMs: number[] = []
  for (let round = 0; round < rounds; round += 1) healMs.push(await two.deny())
  return {
    injected: rounds,
    verdict: await two.judge(),
    healMs,
    demands: [
      atMost(
        `${shape}: whole after it is allowed again, worst`,
        'ms',
        Math.max(...healMs),
        linkedMs,
        5,
      ),
    ],
    notes: [`${shape}, allowed again: ${textOf(healMs)}`],
  }
}

const textOf = (times: readonly number[]): string =>
  times.map((ms) => `${Math.round(ms)} ms`).join(', ')

/** Writes the keys of the cluster; resolves when all nodes and processes have told that they have read them. */
async function change(stage: Machines, keys: readonly KeyPair[]): Promise<void> {
  writeKeyFile(stage.cluster.keyFile, keys)
  for (const { child } of stage.cluster.nodes)
    await child.until('the keys are read', () => tellsKeys(child.log, keys))
  for (const { participant, key } of [...stage.publishers, ...stage.subscribers])
    await eventually(`${key} has read the keys`, async () => {
      const events = await participant.call('events', { key })
      return events.some(({ event }) => event.type === 'keys' && tellsKeys(event.message, keys))
    })
}

/** Each node is started again; resolves with the times from then until all is there. */
async function restart(stage: Machines): Promise<number[]> {
  const healMs: number[] = []
  for (const node of stage.cluster.nodes) {
    await node.end('SIGTERM')
    await node.start()
    const startedAt = monotonicMs()
    await stage.whole()
    healMs.push(monotonicMs() - startedAt)
  }
  return healMs
}

async function rotated(shape: Shape, rounds: number): Promise<Measured> {
  let before = newKeyPair()
  const stage = await Machines.start(shape, 2, { keys: [before] })
  await stage.fill(updatesPerSecond)
  const [both, alone]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    const after = newKeyPair()
    await change(stage, [before, after])
    await change(stage, [after, before])
    both.push(...(await restart(stage)))
    await change(stage, [after])
    alone.push(...(await restart(stage)))
    before = after
  }
  const healMs = [...both, ...alone]
  const verdict = await stage.judge()
  return {
    injected: healMs.length,
    verdict,
    healMs,
    demands: [
      atMost(
        `${shape}: whole after a restart with other keys, worst`,
        'ms',
        Math.max(...healMs),
        linkedMs,
        5,
      ),
      await stage.nothingLostInVain(shape),
    ],
    notes: [
      `${shape}, started again: with both keys ${textOf(both)}; with the new one alone ${textOf(alone)}`,
    ],
  }
}

export const access: FaultRow = {
  id: 'F19',
  fault: 'a node is let in no more, and again; the keys of a cluster are changed',
  how: `SIGKILL of a node, started again with a key that is not the other's, in whose file it comes ${deniedMs / 1_000} s later; keys changed by the three steps of DEFINITION.md, each GENESIS_CLUSTER started again after the second and the third; two machines, ${updatesPerSecond} updates/s on each; proxy+relay and mesh+multicast`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const rounds = Math.max(1, Math.round(roundsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['proxy+relay', 'mesh+multicast'] as const) {
      parts.push(await denied(shape, rounds))
      await endChildren()
      parts.push(await rotated(shape, rounds))
      await endChildren()
    }
    return addMeasured(...parts)
  },
}
