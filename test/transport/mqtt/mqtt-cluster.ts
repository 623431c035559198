import { connect } from 'mqtt'
import { systemClock } from '../../../src/base/clock.ts'
import { randomId } from '../../../src/base/random.ts'
import type { ConformanceCluster } from '../../../src/testing/transport-conformance.ts'
import { MqttTransport } from '../../../src/transport/mqtt/mqtt-transport.ts'
import type { MqttTransportOptions } from '../../../src/transport/mqtt/transport-options.ts'
import { patienceMs } from '../../harness/eventually.ts'

type Chosen = Partial<MqttTransportOptions> & Pick<MqttTransportOptions, 'urls'>

/** The topics of a cluster that no other test has at its broker. */
export const ownPattern = (): string => `test/${randomId()}/{{TABLE_NAME}}`

/** The options of a transport as the definition gives them, but for what a test says. */
export const mqttOptions = (chosen: Chosen): MqttTransportOptions => ({
  node: 'n',
  qos: 2,
  clientId: 'genesis/{{HOSTNAME}}/{{PROCESS_NAME}}',
  queueNamePattern: 'genesis/database/{{TABLE_NAME}}',
  username: null,
  password: null,
  tls: { verify: true, ca: null, certificate: null, key: null },
  clusterTimeoutMs: patienceMs,
  processPort: null,
  connect,
  clock: systemClock,
  random: Math.random,
  ...chosen,
})

/** A cluster of its own at a broker, for the conformance suite. */
export function mqttCluster(chosen: Chosen): ConformanceCluster {
  const options = mqttOptions({ queueNamePattern: ownPattern(), ...chosen })
  return {
    direct: false,
    mode: 'mesh',
    node: options.node,
    transport: () => new MqttTransport(options),
    close: async () => {},
  }
}
