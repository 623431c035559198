import { Dealer } from 'zeromq'
import type { ClusterSnapshot } from '../../model/cluster-snapshot.ts'
import { numericAddress } from './endpoints.ts'
import { decodeClusterMessage, encodeProcessMessage } from './registration-message.ts'
import { connectingDealer } from './socket-options.ts'
import { unreachable } from './transport-options.ts'

/**
 * The state of the cluster as the GENESIS_CLUSTER at `address` knows it; no registration is needed.
 * @throws TidingsError CLUSTER_UNREACHABLE when nothing has answered within `timeoutMs` milliseconds
 */
export async function queryCluster(
  address: string,
  registryPort: number,
  timeoutMs: number,
): Promise<ClusterSnapshot> {
  const host = await numericAddress(address)
  // Not `immediate`: the one question waits in the socket until somebody is there.
  const socket = new Dealer({ ...connectingDealer(), immediate: false, receiveTimeout: timeoutMs })
  const deadline = performance.now() + timeoutMs
  try {
    socket.connect(`tcp://${host}:${registryPort}`)
    await socket.send(encodeProcessMessage({ type: 'snapshot' }))
    while (performance.now() < deadline) {
      const [frame] = await socket.receive().catch(() => [])
      const message = frame ? decodeClusterMessage(frame) : null
      if (message?.type === 'snapshot') return message.snapshot
    }
  } finally {
    socket.close()
  }
  throw unreachable(address, registryPort, 'registry', timeoutMs)
}
