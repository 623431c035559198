/**
 * Runs a bus with one link to a given endpoint, without membership: so a link that comes back does
 * so by itself, and not because its node was greeted anew.
 */
import { systemClock } from '../../src/base/clock.ts'
import { DataPath } from '../../src/cluster/bus/data-path.ts'
import type { NodePorts } from '../../src/definition/settings.ts'
import { AccessList } from '../../src/sockets/access-list.ts'

const [portsJson, endpoint] = process.argv.slice(2) as [string, string]
const access = await AccessList.open()
access.load(['127.0.0.1'])
const dataPath = await DataPath.bind({
  bind: '127.0.0.1',
  ports: JSON.parse(portsJson) as NodePorts,
  zapDomain: access.domain,
  clock: systemClock,
  linked: true,
  linkLimit: 1,
  on: (event) => process.send?.(event),
  stranger: () => undefined,
  failed: (error) => process.send?.({ type: 'failed', message: error.message }),
})
dataPath.run()
dataPath.openLink('other', { endpoint, life: '1' })
process.on('message', (order: { to?: string } | null) => {
  if (order?.to !== undefined) return dataPath.openLink('other', { endpoint: order.to, life: '1' })
  void dataPath.close().then(async () => {
    await access.close()
    process.disconnect()
  })
})
