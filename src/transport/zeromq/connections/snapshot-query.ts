import { Dealer } from 'zeromq'
import { inBackground } from '../../../base/background.ts'
import { systemClock } from '../../../base/clock.ts'
import { tcpEndpoint } from '../../../base/host-port.ts'
import type { ClusterSnapshot } from '../../../model/cluster-snapshot.ts'
import type { KeySettings } from '../../../model/key-ring.ts'
import { numericAddress } from './endpoints.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
} from '../../../registration/registration-message.ts'
import { SnapshotParts } from '../../../registration/snapshot-parts.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import type { Refusal } from '../../../model/shut-out.ts'
import { KeyChoice } from '../../../sockets/keys/key-choice.ts'
import { Keys } from '../../../sockets/keys/keys.ts'
import { connectingDealer } from '../../../sockets/socket-options.ts'
import { unreachable } from '../transport-options.ts'
import { accessDenied } from './cluster-reach.ts'
import { disconnectSocket } from '../../../sockets/uninterrupted.ts'

/**
 * The state of the cluster as the GENESIS_CLUSTER at `address` knows it; no registration is needed.
 * @throws TidingsError CLUSTER_UNREACHABLE when nothing has answered within `timeoutMs` milliseconds, ACCESS_DENIED
 * when who is there did not let us in
 * @param hostProblem why `address` may be a wrong guess; null: it is none
 */
export async function queryCluster(
  address: string,
  registryPort: number,
  timeoutMs: number,
  keys: KeySettings | null = null,
  hostProblem: string | null = null,
): Promise<ClusterSnapshot> {
  const answer = await askCluster(address, registryPort, timeoutMs, keys)
  if (answer === null)
    throw unreachable(address, registryPort, 'registry', timeoutMs, undefined, hostProblem)
  if (typeof answer === 'string') throw accessDenied(address, registryPort, 'registry', answer)
  return answer
}

/** The same; why who is there did not let us in; or null: nothing has answered within `timeoutMs` milliseconds. */
export async function askCluster(
  address: string,
  registryPort: number,
  timeoutMs: number,
  keys: KeySettings | null,
): Promise<ClusterSnapshot | Refusal | null> {
  const host = await numericAddress(address, timeoutMs)
  const endpoint = tcpEndpoint(host, registryPort)
  const ring = Keys.of(keys)
  const socket = new Dealer(connectingDealer(ring))
  const connected = () =>
    inBackground(socket.send(encodeProcessMessage({ type: 'snapshot' })), () => {})
  const dead = () => {
    disconnectSocket(socket, endpoint)
    monitor.connect(endpoint)
  }
  const choice = KeyChoice.of(ring)
  const monitor = new ConnectionMonitor(socket, systemClock, { connected, dead }, choice)
  const deadline = performance.now() + timeoutMs
  try {
    monitor.connect(endpoint)
    const parts = new SnapshotParts()
    for (let left = timeoutMs; left > 0; left = Math.ceil(deadline - performance.now())) {
      socket.receiveTimeout = left
      const [frame] = await socket.receive().catch(() => [])
      const message = frame ? decodeClusterMessage(frame) : null
      const whole = message?.type === 'snapshot' ? parts.take(message) : null
      if (whole !== null) return whole
    }
    return monitor.refusalOf(endpoint)
  } finally {
    monitor.close()
    socket.close()
  }
}
