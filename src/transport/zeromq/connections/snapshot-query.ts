import { Dealer } from 'zeromq'
import { tcpEndpoint } from '../../../base/host-port.ts'
import type { ClusterSnapshot } from '../../../model/cluster-snapshot.ts'
import { numericAddress } from './endpoints.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
} from '../../../registration/registration-message.ts'
import { SnapshotParts } from '../../../registration/snapshot-parts.ts'
import { connectingDealer } from '../../../sockets/socket-options.ts'
import { unreachable } from '../transport-options.ts'
import { connectSocket } from '../../../sockets/uninterrupted.ts'

/**
 * The state of the cluster as the GENESIS_CLUSTER at `address` knows it; no registration is needed.
 * @throws TidingsError CLUSTER_UNREACHABLE when nothing has answered within `timeoutMs` milliseconds
 */
export async function queryCluster(
  address: string,
  registryPort: number,
  timeoutMs: number,
): Promise<ClusterSnapshot> {
  const host = await numericAddress(address, timeoutMs)
  // Not `immediate`: the one question waits in the socket until somebody is there.
  const socket = new Dealer({ ...connectingDealer(), immediate: false })
  const deadline = performance.now() + timeoutMs
  try {
    connectSocket(socket, tcpEndpoint(host, registryPort))
    await socket.send(encodeProcessMessage({ type: 'snapshot' }))
    const parts = new SnapshotParts()
    for (let left = timeoutMs; left > 0; left = Math.ceil(deadline - performance.now())) {
      socket.receiveTimeout = left
      const [frame] = await socket.receive().catch(() => [])
      const message = frame ? decodeClusterMessage(frame) : null
      const whole = message?.type === 'snapshot' ? parts.take(message) : null
      if (whole !== null) return whole
    }
  } finally {
    socket.close()
  }
  throw unreachable(address, registryPort, 'registry', timeoutMs)
}
