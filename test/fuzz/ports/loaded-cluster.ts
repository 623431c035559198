import { zeromqPortOffset } from '../../../src/base/process-port.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isProxy } from '../../harness/definition-file.ts'
import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import type { Verdict } from '../../reliability/faults/judge.ts'
import { addVerdicts } from '../../reliability/faults/judge.ts'
import type { Participant } from '../../reliability/faults/participant.ts'
import { openQueue, startParticipant, startQueue } from '../../reliability/faults/participant.ts'
import { countOf, publishedBy, receives, settled } from '../../reliability/faults/settled.ts'
import type { Port } from './strangers.ts'

const tables = ['TRADE', 'POSITION']

/** Slow enough that nobody falls behind for want of processor time. */
const load = { updatesPerTurn: 8, pauseMs: 10, size: 4 }

/** Process port of the publisher: below what GENESIS_CLUSTER hands out. */
const publisherPort = 10_640

/** Two nodes, linked: a publisher on the first, a subscriber on each, and updates all the time. */
export class LoadedCluster {
  readonly cluster: TestCluster
  publisher: Participant
  readonly subscribers: readonly Participant[]
  #lives: { participant: Participant; key: string }[] = []

  private constructor(cluster: TestCluster, publisher: Participant, subscribers: Participant[]) {
    this.cluster = cluster
    this.publisher = publisher
    this.subscribers = subscribers
    this.#lives.push({ participant: publisher, key: publisher.child.name })
  }

  static async start(shape: Shape): Promise<LoadedCluster> {
    const cluster = await TestCluster.start(shape, 2)
    const publisher = await startQueue(cluster, 'PUB', tables, {
      publishes: tables,
      port: publisherPort,
    })
    const subscribers = [
      await startQueue(cluster, 'SUB_0', [], {}, 0),
      await startQueue(cluster, 'SUB_1', [], {}, 1),
    ]
    for (const each of subscribers) await each.call('subscribe', { key: each.child.name, tables })
    await publisher.call('load', { key: 'PUB', ...load })
    return new LoadedCluster(cluster, publisher, subscribers)
  }

  /** Every port of the first node, and that of the publisher. */
  ports(): Port[] {
    const { host } = this.cluster.node()
    const { inbound, outbound, cluster, registry, relay, export: exported } = this.cluster.ports
    const ports: Port[] = [
      { name: 'inbound', host, port: inbound, peer: 'XPUB' },
      { name: 'outbound', host, port: outbound, peer: 'XSUB' },
      { name: 'membership', host, port: cluster, peer: 'DEALER' },
      { name: 'registry', host, port: registry, peer: 'DEALER' },
      { name: 'relay', host, port: relay, peer: 'XSUB' },
      { name: 'export', host, port: exported, peer: 'XPUB' },
    ]
    if (isProxy(this.cluster.shape)) return ports
    return [
      ...ports,
      { name: 'ZeroMQ port', host, port: publisherPort + zeromqPortOffset, peer: 'XSUB' },
    ]
  }

  /** Milliseconds until both subscribers have more than was published by now. */
  async flows(): Promise<number> {
    const began = performance.now()
    const wanted = countOf(await this.#published()) + 1
    await Promise.all(
      this.subscribers.map((participant) =>
        receives({ participant, key: participant.child.name }, wanted),
      ),
    )
    return performance.now() - began
  }

  /** Milliseconds until a subscription of a process that comes now is ready. */
  async newcomerReady(name: string): Promise<number> {
    const newcomer = startParticipant(name)
    await openQueue(newcomer, this.cluster, name)
    const began = performance.now()
    await newcomer.call('subscribe', { key: name, tables })
    const ms = performance.now() - began
    await newcomer.call('close', { key: name })
    await newcomer.child.end('SIGKILL')
    return ms
  }

  /** The ports that did not say that strangers were put out there. */
  async uncounted(): Promise<string[]> {
    const ports = this.ports()
    const missing = async () => {
      const { log } = this.cluster.node().child
      const { refused } = await this.publisher.call('stats', { key: this.publisher.child.name })
      return ports.filter(({ name, host, port }) =>
        name === 'ZeroMQ port'
          ? !refused['no handshake']
          : !log.includes(`connections at tcp://${host}:${port} finished no handshake`),
      )
    }
    const isCounted = async () => (await missing()).length === 0
    await eventually('strangers are counted at every port', isCounted).catch(() => undefined)
    return (await missing()).map(({ name }) => `nobody counted at ${name}`)
  }

  /** How many processes have ended. */
  crashes(): number {
    const applications = [this.publisher, ...this.subscribers].map(({ child }) => child)
    const children = [...this.cluster.nodes.map(({ child }) => child), ...applications]
    return children.filter(({ hasEnded }) => hasEnded).length
  }

  /** Stops the load and judges both subscribers by all that was published. */
  async judge(): Promise<Verdict> {
    await this.publisher.call('stop', { key: this.publisher.child.name })
    const published = await this.#published()
    const each = this.subscribers.map((participant) =>
      settled({ participant, key: participant.child.name }, published),
    )
    return addVerdicts(...(await Promise.all(each)))
  }

  /** Ends everything, so that the ports are free for the next. */
  async end(): Promise<void> {
    const applications = [this.publisher, ...this.subscribers].map(({ child }) => child)
    const children = [...applications, ...this.cluster.nodes.map(({ child }) => child)]
    for (const child of children) if (!child.hasEnded) await child.end('SIGKILL')
    await eventually('all have ended', () => children.every(({ hasEnded }) => hasEnded))
  }

  #published() {
    return publishedBy(this.#lives)
  }
}
