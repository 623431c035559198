import { setTimeout as pause } from 'node:timers/promises'
import { Machines, progressOf } from '../../test/reliability/faults/machines.ts'
import { totalCpuSeconds } from '../usage.ts'

export type Link = 'relay' | 'multicast'
export const links: readonly Link[] = ['relay', 'multicast']

/** What a link takes of the machine that publishes and of the others. CPU is that of GENESIS_CLUSTER. */
export interface LinkLoad {
  readonly link: Link
  readonly nodes: number
  /** Delivered to each subscriber, updates a second. */
  readonly perSecond: number
  /** Of a core. */
  readonly senderCpu: number
  readonly receiverCpu: number
  /** That leave the machine of the publisher, a second. */
  readonly sentMegabytes: number
  readonly p50Ms: number
}

interface LoadOptions {
  readonly updatesPerSecond: number
  readonly seconds: number
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, each) => sum + each, 0)

/** One machine publishes, on each of the others a process subscribes. */
export async function measureLoad(
  link: Link,
  nodes: number,
  { updatesPerSecond, seconds }: LoadOptions,
): Promise<LinkLoad> {
  const stage = await Machines.start(`mesh+${link}`, nodes)
  await stage.addPublisher('PUBLISHER', 0)
  for (let node = 1; node < nodes; node += 1) await stage.addSubscriber(`SUBSCRIBER_${node}`, node)
  await stage.load(updatesPerSecond)
  await stage.whole()
  const [sender = 0, ...receivers] = stage.cluster.nodes.map(({ child }) => child.pid)
  const look = async () => ({
    at: performance.now(),
    sender: totalCpuSeconds([sender]),
    receivers: totalCpuSeconds(receivers),
    bytes: Number(stage.machine(0).run('cat', '/sys/class/net/eth0/statistics/tx_bytes')),
    deliveries: (await Promise.all(stage.subscribers.map(progressOf))).map((one) => one.deliveries),
  })
  const windows = () =>
    Promise.all(
      stage.subscribers.map(({ participant, key }) => participant.call('latencyWindow', { key })),
    )
  await windows()
  const before = await look()
  await pause(seconds * 1_000)
  const after = await look()
  const latencies = await windows()
  const took = (after.at - before.at) / 1_000
  const came = sumOf(after.deliveries) - sumOf(before.deliveries)
  return {
    link,
    nodes,
    perSecond: came / receivers.length / took,
    senderCpu: (after.sender - before.sender) / took,
    receiverCpu: (after.receivers - before.receivers) / receivers.length / took,
    sentMegabytes: (after.bytes - before.bytes) / took / 1e6,
    p50Ms: Math.max(...latencies.map(({ p50 }) => p50)),
  }
}
