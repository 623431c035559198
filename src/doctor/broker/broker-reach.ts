import type { TakenBy } from '../../transport/mqtt/check/broker-check.ts'
import { type ConnectionRefused, noMqtt } from '../../transport/mqtt/check/probe-client.ts'
import { refusalKind } from '../../transport/mqtt/broker/broker-refusal.ts'
import { shownBroker } from '../../transport/mqtt/broker/broker-url.ts'
import type { MqttSettings } from '../../definition/settings.ts'
import { type Examined, examined, type Finding, problem } from '../finding.ts'

/** A broker of the definition, and how it took a connection. */
export interface Reached {
  readonly url: string
  readonly answer: TakenBy | ConnectionRefused
}

/** Whether the brokers of the definition can be reached, and let the processes in. */
export function examineReach(all: readonly Reached[], mqtt: MqttSettings): Examined {
  const findings = all.flatMap(({ url, answer }) =>
    'code' in answer ? [findingOf(url, answer, mqtt)] : [],
  )
  return examined(
    'broker',
    `${all.map(({ url }) => shownBroker(url)).join(', ')} lets us in`,
    findings,
  )
}

function findingOf(url: string, refused: ConnectionRefused, mqtt: MqttSettings): Finding {
  const { code, message } = refused
  const at = `the MQTT broker at ${shownBroker(url)}`
  if (typeof code === 'number') return ofReason(at, code, message, mqtt)
  if (code === null || (code === 'ECONNRESET' && !isTls(url)))
    return problem(
      `${at} closes the connection without a word`,
      isTls(url)
        ? 'see what its log says of it'
        : 'see what its log says of it; where it expects TLS at this port, let MqttBrokerUrl begin with ssl://',
    )
  const port = new URL(url).port || 'its port'
  if (code === noMqtt)
    return problem(
      `what answers at ${shownBroker(url)} does not speak MQTT (${message})`,
      `let MqttBrokerUrl name the port at which the broker speaks MQTT: 1883 of most, and 8883 with TLS; ${port} may be that of a web page or of another program`,
    )
  switch (code) {
    case 'ECONNREFUSED':
      return problem(
        `${at} refuses the connection: nobody listens there`,
        'start the broker, or correct MqttBrokerUrl',
      )
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return problem(
        `the host of ${at} has no address here (${code})`,
        'correct MqttBrokerUrl, or give the host an address in the name service or in /etc/hosts',
      )
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return problem(
        `${at} cannot be reached from here: the network has no way there`,
        'correct MqttBrokerUrl, or the routes of the network',
      )
    case 'ETIMEDOUT':
      return problem(
        `${at} does not answer (${message})`,
        `open TCP ${port} between this host and the broker in their firewalls, or start the broker`,
      )
  }
  return isTls(url)
    ? ofTls(at, code, message)
    : problem(`${at} cannot be used: ${message}`, 'see what its log says of it')
}

const isTls = (url: string): boolean => /^(?:ssl|tls|mqtts|wss):/i.test(url)

function ofTls(at: string, code: string, message: string): Finding {
  if (['EPROTO', 'ECONNRESET', 'ERR_SSL_WRONG_VERSION_NUMBER'].includes(code))
    return problem(
      `${at} does not speak TLS at this port (${message})`,
      'let MqttBrokerUrl begin with tcp://, or name the port at which the broker has TLS',
    )
  if (code.startsWith('ERR_SSL_'))
    return problem(
      `${at} does not take our certificate (${message})`,
      'give TidingsMqttCertificateFile and TidingsMqttKeyFile a certificate that the broker knows',
    )
  return problem(
    `the certificate of ${at} does not prove who it is: ${message} (${code})`,
    'name the authority that it comes from in TidingsMqttCaFile, or let MqttBrokerUrl name the broker as its certificate does',
  )
}

function ofReason(at: string, code: number, message: string, mqtt: MqttSettings): Finding {
  const kind = refusalKind(code)
  if (kind === 'credentials')
    return problem(
      `${at} does not let us in (${message})`,
      mqtt.username === null
        ? 'set MqttUsername and MqttPassword to what the broker knows'
        : `let the broker know the user ${mqtt.username}, or correct MqttUsername and MqttPassword`,
    )
  if (kind === 'client id')
    return problem(
      `${at} does not take our client id (${message})`,
      'let MqttClientId make ids that the broker takes',
    )
  return problem(`${at} refuses the connection (${message})`, 'see what its log says of it')
}
