import type { BrokerTopics } from '../naming/broker-topics.ts'
import { type ProbeClient, isRefusal } from './probe-client.ts'
import { type ProbedTopic, probedTopics, probePayload, type TopicAccess } from './probed-topics.ts'

/** Topics that are tried at the same time, each on a connection of its own. */
const aloneAtOnce = 8

/**
 * Publishes and reads on each topic. A broker may end a connection that does what it may not do: then all that is behind it on
 * that connection says nothing, and each topic is tried on one of its own.
 */
export async function tryTopics(
  topics: BrokerTopics,
  tables: readonly string[],
  open: () => Promise<ProbeClient>,
): Promise<TopicAccess[]> {
  const probes = probedTopics(topics, tables)
  const together = await open()
  const found = await tryOn(together, probes)
  await takeBackWill(together, topics, probes)
  if (!together.hasEnded) {
    await together.end()
    return found
  }
  const alone: TopicAccess[] = []
  for (let place = 0; place < probes.length; place += aloneAtOnce) {
    const some = probes.slice(place, place + aloneAtOnce)
    const tried = await Promise.all(some.map((probe) => tryAlone(topics, probe, open)))
    alone.push(...tried.flat())
  }
  return alone
}

async function tryAlone(
  topics: BrokerTopics,
  probe: ProbedTopic,
  open: () => Promise<ProbeClient>,
): Promise<TopicAccess[]> {
  const client = await open()
  const found = await tryOn(client, [probe])
  await takeBackWill(client, topics, [probe])
  await client.end()
  return found
}

/** Processes remember a will until it is taken back. */
async function takeBackWill(
  client: ProbeClient,
  topics: BrokerTopics,
  probes: readonly ProbedTopic[],
): Promise<void> {
  for (const { topic } of probes)
    if (!client.hasEnded && topics.readPresence(topic)?.kind === 'gone')
      await client.publish(topic, Buffer.alloc(0))
}

async function tryOn(client: ProbeClient, probes: readonly ProbedTopic[]): Promise<TopicAccess[]> {
  const trials = probes.map((probe) => {
    const payload = probePayload()
    const comes = client.expect((heard) => isSame(heard.payload, payload))
    return { ...probe, payload, comes }
  })
  const granted = new Map<string, number | null>()
  let endedAt: Pick<TopicAccess, 'topic' | 'endedAt'> | null = null
  for (const { filter, topic } of trials) {
    if (client.hasEnded) break
    granted.set(filter, await client.subscribe(filter, 0))
    if (client.hasEnded) endedAt = { topic, endedAt: 'reading' }
  }
  const reasons = new Map<string, number | null>()
  for (const { topic, payload } of trials) {
    if (client.hasEnded) break
    reasons.set(topic, await client.publish(topic, payload))
    if (client.hasEnded) endedAt = { topic, endedAt: 'publishing' }
  }
  const found = trials.map(async ({ filter, topic, comes }): Promise<TopicAccess> => {
    const reason = reasons.get(topic) ?? null
    const write = writeOf(reason)
    return {
      topic,
      filter,
      write,
      isHeard: write === 'acknowledged' && (await comes()),
      isReadRefused: isRefusal(granted.get(filter) ?? null),
      endedAt: endedAt?.topic === topic ? endedAt.endedAt : null,
    }
  })
  return Promise.all(found)
}

/** What others publish has mostly another length. */
const isSame = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && one.equals(other)

const writeOf = (reason: number | null): TopicAccess['write'] =>
  reason === null ? 'unanswered' : isRefusal(reason) ? 'refused' : 'acknowledged'
