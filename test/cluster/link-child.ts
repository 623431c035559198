/**
 * Runs a bus with one link to a given endpoint, without membership: so a link that comes back does
 * so by itself, and not because its node was greeted anew.
 */
import { systemClock } from '../../src/base/clock.ts'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import { RelayLinks } from '../../src/cluster/links/relay-links.ts'
import { whisperVersion } from '../../src/cluster/membership/peers.ts'
import { DataPath } from '../../src/cluster/bus/data-path.ts'
import type { NodePorts } from '../../src/definition/settings.ts'
import { AccessList } from '../../src/sockets/access-list.ts'

const [portsJson, endpoint] = process.argv.slice(2) as [string, string]
const tell = (event: ClusterEvent) => void process.send?.(event)
const access = await AccessList.open()
access.load(['127.0.0.1'])
const dataPath = await DataPath.bind({
  bind: '127.0.0.1',
  ports: JSON.parse(portsJson) as NodePorts,
  zapDomain: access.domain,
  clock: systemClock,
  linked: true,
  newLinks: ({ outboundAt }) =>
    new RelayLinks({ outboundAt, limit: 1, clock: systemClock, on: tell }),
  on: tell,
  stranger: () => undefined,
  misfit: () => undefined,
  keys: null,
  failed: (error) => process.send?.({ type: 'failed', message: error.message }),
})
dataPath.run()

/** A link to the relay port of another node. */
function open(endpoint: string): void {
  const { hostname: address, port } = new URL(endpoint)
  const ports = { inbound: 1, outbound: 1, relay: Number(port) }
  const headers = {
    node: 'other',
    wire: whisperVersion,
    mode: 'mesh',
    history: 'h',
    cluster: '',
    link: 'relay',
    ...ports,
  } as const
  dataPath.openLink({ node: 'other', address, life: '1', headers })
}

open(endpoint)
process.on('message', (order: { to?: string } | null) => {
  if (order?.to !== undefined) return open(order.to)
  void dataPath.close().then(async () => {
    await access.close()
    process.disconnect()
  })
})
