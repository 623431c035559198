import { randomId } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { requireSettings } from '../definition/require-settings.ts'
import { shownBroker } from '../transport/mqtt/broker/broker-url.ts'
import { brokerDefinition, demoHosts, relayDefinition } from './demo-definition.ts'
import { EmbeddedBroker } from './embedded-broker.ts'
import { OwnTopics } from './own-topics.ts'

export interface LayerChoice {
  /** Default zeromq. */
  readonly mq?: 'zeromq' | 'mqtt'
  /** URL of the MQTT broker; left out: one that is embedded. */
  readonly broker?: string
}

/** What carries the updates of a demonstration. */
export interface DemoLayer {
  /** The text of its definition. */
  readonly definition: string
  /** Where the nodes meet, as people are told. */
  readonly words: string
  /** Each node has a GENESIS_CLUSTER. */
  readonly hasClusters: boolean
  /** For when all processes have ended: nothing is left behind. */
  close(): Promise<void>
}

const [one, other] = demoHosts
const nodes = `Two nodes, ${one} and ${other},`
const neededBy = '`tidings demo --mq mqtt`'

/** @throws TidingsError USAGE, DEFINITION_INVALID, PORT_TAKEN, CLUSTER_UNREACHABLE, PACKAGE_MISSING. */
export function demoLayer({ mq = 'zeromq', broker }: LayerChoice): Promise<DemoLayer> {
  if (mq === 'mqtt') return broker === undefined ? overEmbedded() : overBroker(broker)
  if (broker === undefined) return overRelay()
  throw new TidingsError('USAGE', '--broker is for --mq mqtt: ZeroMQ has no broker')
}

async function overRelay(): Promise<DemoLayer> {
  return {
    definition: await relayDefinition(),
    words: `${nodes} linked by the relay`,
    hasClusters: true,
    close: async () => {},
  }
}

async function overEmbedded(): Promise<DemoLayer> {
  const broker = await EmbeddedBroker.start(`${neededBy} without --broker`)
  return {
    definition: brokerDefinition(broker.url, ownPattern()),
    words: `${nodes} that meet at an MQTT broker: Aedes, embedded, at ${broker.url}`,
    hasClusters: false,
    close: () => broker.close(),
  }
}

/** Others use that broker, too: the demonstration stays below a topic of its own, and clears it in the end. */
async function overBroker(url: string): Promise<DemoLayer> {
  const { mqtt } = await requireSettings({ definition: brokerItems(url) })
  const pattern = ownPattern()
  const topics = await OwnTopics.watch(mqtt?.brokerUrls ?? [], pattern, neededBy)
  return {
    definition: brokerDefinition(url, pattern),
    words: `${nodes} that meet at the MQTT broker at ${shownBroker(topics.url)}, below ${topics.filter}`,
    hasClusters: false,
    close: () => topics.clear(),
  }
}

const brokerItems = (url: string) => ({ global: { MqLayer: 'MQTT', MqttBrokerUrl: url } })

const ownPattern = (): string => `tidings-demo/${randomId().slice(0, 8)}/{{TABLE_NAME}}`
