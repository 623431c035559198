/**
 * Runs a bus with links, ends one of its proxies, and has links come and go while the bus is made anew: once that has
 * begun to close the old links (`while`), or once they are closed (`after`).
 */
import { systemClock } from '../../src/base/clock.ts'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import type { Links, NewLinks } from '../../src/cluster/links/links.ts'
import { whisperVersion } from '../../src/cluster/membership/peers.ts'
import type { NodePorts } from '../../src/definition/settings.ts'
import { AccessList } from '../../src/sockets/access-list.ts'
import { proxies } from './record-proxies.ts'

// Not before the proxies are those that a test can end.
const { DataPath } = await import('../../src/cluster/bus/data-path.ts')
const { RelayLinks } = await import('../../src/cluster/links/relay-links.ts')

const [portsJson, moment] = process.argv.slice(2) as [string, 'while' | 'after']
const ports = JSON.parse(portsJson) as NodePorts
const tell = (event: ClusterEvent) => void process.send?.(event)
let isRenewing = false

/** Links that are told of nodes while they are closed. */
const newLinks: NewLinks = ({ outboundAt }) => {
  const links: Links = new RelayLinks({ outboundAt, limit: 3, clock: systemClock, on: tell })
  return {
    open: (peer) => links.open(peer),
    close: (node) => links.close(node),
    renew: (node, now) => links.renew(node, now),
    states: (now) => links.states(now),
    async closeAll() {
      const closing = links.closeAll()
      if (moment === 'after') await closing
      if (isRenewing) comeAndGo()
      isRenewing = false
      await closing
    },
  }
}

const access = await AccessList.open()
access.load(['127.0.0.1'])
const dataPath = await DataPath.bind({
  bind: '127.0.0.1',
  ports,
  zapDomain: access.domain,
  clock: systemClock,
  linked: true,
  newLinks,
  on: (event) => {
    tell(event)
    if (event.type === 'bus-renewed') close()
  },
  stranger: () => undefined,
  misfit: () => undefined,
  keys: null,
  failed: (error) => process.send?.({ type: 'failed', message: error.message }),
})

/** A node whose relay port nobody listens at: a link to it is made, and holds its thread. */
const open = (node: string) =>
  dataPath.openLink({
    node,
    address: '127.0.0.1',
    life: '1',
    headers: {
      node,
      wire: whisperVersion,
      mode: 'mesh',
      history: 'h',
      cluster: '',
      link: 'relay',
      inbound: 1,
      outbound: 1,
      relay: 1,
    },
  })

function comeAndGo(): void {
  open('comes')
  dataPath.closeLink('goes')
}

function close(): void {
  void dataPath.close().then(async () => {
    await access.close()
    process.disconnect()
  })
}

dataPath.run()
open('stays')
open('goes')
isRenewing = true
proxies[0]?.terminate()
