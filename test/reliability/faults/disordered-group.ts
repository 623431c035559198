import type { Machine } from '../../harness/network.ts'
import type { DatagramRelayCalls } from './processes/datagram-relay.ts'
import { Remote } from './remote.ts'

/** What the definition has where it says nothing; the port is ClusterPort. */
const group = '239.192.84.73'

/** It takes datagrams that come from an address of its own, and answers for none that is not on its network. */
const settings = [
  ['all/accept_local', 1],
  ['all/rp_filter', 0],
  ['eth0/rp_filter', 0],
  ['all/arp_ignore', 1],
  ['all/arp_announce', 2],
] as const

type DatagramRelay = Remote<DatagramRelayCalls>

/**
 * From now on the others hear the datagrams of a node only as a relay on another machine sends them on. That machine has
 * the address of the node, too, and answers nobody who asks for it.
 */
export async function relayDatagrams(
  node: Machine,
  others: readonly Machine[],
  relay: Machine,
  port: number,
): Promise<DatagramRelay> {
  for (const [setting, value] of settings)
    relay.run('sh', '-c', `echo ${value} >/proc/sys/net/ipv4/conf/${setting}`)
  relay.run('ip', 'addr', 'add', `${node.address}/32`, 'dev', 'lo')
  const process = new Remote<DatagramRelayCalls>('RELAY', 'datagram-relay.ts', {
    place: relay.place,
  })
  await process.call('begin', { group, port, own: relay.address, node: node.address })
  // What comes from the node itself may pass no router.
  for (const other of others) other.rule(`ip saddr ${node.address} ip daddr ${group} ip ttl 1 drop`)
  return process
}
