import type { MqttSettings } from '../../definition/settings.ts'
import { mqttLimits } from '../../transport/mqtt/broker/mqtt-limits.ts'
import type {
  BrokerCheck,
  RetainedAccess,
  RoundTimes,
  TakenBy,
} from '../../transport/mqtt/check/broker-check.ts'
import { isRefusal } from '../../transport/mqtt/check/probe-client.ts'
import { type Examined, examined, note, notExamined, problem } from '../finding.ts'

/**
 * What a process says of itself travels in one packet, bytes: with some hundred tables it is as long as this.
 */
const leastPacketBytes = 16 * 1024

/** Beyond the answer to a ping, milliseconds: half of what the timers of the system wait (40 ms). */
const delayMs = 20

/** In which version of MQTT the broker was asked. */
export function examineProtocol({ version }: TakenBy): Examined {
  return examined(
    'protocol',
    'the broker speaks MQTT 5',
    version === 5
      ? []
      : [
          note(
            'the broker speaks MQTT 3.1.1, and not 5: it does not say how large its packets may be nor which topics it refuses, and keeps what processes have said that died',
            'take a broker of MQTT 5 where there is one',
          ),
        ],
  )
}

/** Whether updates go with the quality of service of the definition. */
export async function examineQos(
  check: BrokerCheck,
  at: TakenBy,
  { qos }: Pick<MqttSettings, 'qos'>,
): Promise<Examined> {
  const granted = await check.grantedQos(at, Math.min(qos, at.maximumQos) as MqttSettings['qos'])
  const topic = 'quality of service'
  if (granted === null)
    return examined(topic, '', [
      problem(
        `the broker does not answer a subscription with quality of service ${qos}`,
        'set MqttQos to 1',
      ),
    ])
  const given = isRefusal(granted) ? at.maximumQos : granted
  return examined(
    topic,
    `the broker grants quality of service ${qos}`,
    given >= qos
      ? []
      : [
          note(
            `the broker grants quality of service ${given} at most, and MqttQos is ${qos}: updates go with ${given}`,
            `set MqttQos to ${given}, or let the broker grant ${qos}: max_qos ${qos} in mosquitto.conf`,
          ),
        ],
  )
}

/** Whether what the broker keeps comes to who subscribes later. */
export async function examineRetained(check: BrokerCheck, at: TakenBy): Promise<Examined> {
  const topic = 'retained'
  const needed =
    'who comes later learns by it who is there, and what a process wrote last that has ended'
  if (!at.keepsRetained)
    return examined(topic, '', [
      problem(
        `the broker keeps no retained messages: ${needed}`,
        'let it keep them: retain_available true in mosquitto.conf',
      ),
    ])
  if (!at.knowsWildcards)
    return examined(topic, '', [
      problem(
        'the broker takes no subscriptions with wildcards, which find who is there',
        'let it take them, or take another broker',
      ),
    ])
  return examined(topic, 'what the broker keeps comes to who subscribes later, by wildcard', [
    ...ofRetained(await check.retained(at), needed),
  ])
}

function ofRetained(access: RetainedAccess, needed: string) {
  if (access === 'by wildcard') return []
  if (access === 'by topic')
    return [
      note(
        'the broker brings what it keeps only by exact topics, and not by wildcards: who is there is learned by asking alone, and nothing of processes that are gone',
        'take a broker that brings it by wildcards, too',
      ),
    ]
  return [
    problem(
      `the broker does not bring what it should have kept: ${needed}`,
      'let it keep retained messages: retain_available true in mosquitto.conf, and look at the rules that it has for them',
    ),
  ]
}

/** Whether the broker tells that a connection has ended without a word. */
export async function examineWills(check: BrokerCheck, at: TakenBy): Promise<Examined> {
  return examined(
    'wills',
    'the broker tells the will of a connection that breaks',
    (await check.tellsWills(at))
      ? []
      : [
          problem(
            'the broker does not tell the will of a connection that breaks: of a host that dies nobody learns but by its silence',
            `let it tell wills, on topics below ${check.root}/gone`,
          ),
        ],
  )
}

/** How large messages may be that go in one packet. */
export async function examinePackets(check: BrokerCheck, at: TakenBy): Promise<Examined> {
  const topic = 'packets'
  const { packetBytes: assumed } = mqttLimits
  const { packetBytes } = at
  const most = Math.min(packetBytes ?? assumed, assumed)
  const shown = (bytes: number): string => bytes.toLocaleString('en')
  const remedy = `let it take larger ones: max_packet_size ${4 * assumed} in mosquitto.conf`
  if (most < leastPacketBytes)
    return examined(topic, '', [
      problem(
        `the broker takes packets of ${shown(most)} bytes at most: what a process with many tables says of itself may be longer`,
        remedy,
      ),
    ])
  if (!(await check.carries(at, most)))
    return examined(topic, '', [
      problem(
        packetBytes === null
          ? `the broker does not carry a packet of ${shown(most)} bytes, which is what is sent where a broker of MQTT 3.1.1 does not say its limit`
          : `the broker says that it takes packets of ${shown(most)} bytes, and does not carry one`,
        remedy,
      ),
    ])
  return examined(
    topic,
    `the broker carries packets of ${shown(most)} bytes`,
    most === assumed
      ? []
      : [
          note(
            `the broker takes packets of ${shown(most)} bytes at most: what is larger travels in pieces`,
            remedy,
          ),
        ],
  )
}

/** Whether the broker sends at once: see TCP_NODELAY in tcp(7). */
export async function examineDelay(check: BrokerCheck, at: TakenBy): Promise<Examined> {
  const times = await check.roundTimes(at)
  if (times === null) return notExamined('delay', 'nothing came back')
  return examined('delay', `a message goes to the broker and back in ${shownMs(times.message)}`, [
    ...ofTimes(times),
  ])
}

function ofTimes({ message, ping }: RoundTimes) {
  if (message - ping < delayMs) return []
  return [
    problem(
      `a message that is acknowledged takes ${shownMs(message)} to the broker and back, where an answer alone takes ${shownMs(ping)}: the broker waits for a timer of the system before it sends`,
      'let it send at once: set_tcp_nodelay true in mosquitto.conf, or TCP_NODELAY as another broker calls it',
    ),
  ]
}

const shownMs = (ms: number): string => `${ms.toFixed(1)} ms`
