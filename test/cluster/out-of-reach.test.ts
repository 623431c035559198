// Nodes of the definition from which no update comes: subscriptions are ready without them, and say so.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

/** What a process of the first node knows of who is out of reach, by its subscription, its events and its node's log. */
async function outOfReach(cluster: TestCluster) {
  const subscriber = await cluster.open('SUBSCRIBER')
  await subscriber.subscribe('*')
  const { isReady, unreachable, events } = await subscriber.report()
  const log = cluster.node().child.log.split('\n')
  return {
    isReady,
    unreachable,
    ready: events.filter(({ type }) => type === 'ready'),
    told: log.flatMap((line) => /\S+ cannot be reached: .*/.exec(line) ?? []),
  }
}

const without = (host: string) => ({
  isReady: true,
  unreachable: [host],
  ready: [{ type: 'ready', tables: '*', unreachable: [host] }],
  told: [`${host} cannot be reached: subscriptions are ready without, and are told so`],
})

test('a node that is there and linked otherwise is out of reach, and so is this one to it, until both have one definition', async () => {
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  const [one, other] = [cluster.node(0), cluster.node(1)]
  const definition = readFileSync(cluster.definition, 'utf8')
  const relay = /(ZeroMQProxyUnicastRelayEnabled"?,[^)]*)true/
  expect(definition).toMatch(relay)
  writeFileSync(cluster.definition, definition.replace(relay, '$1false'))
  await other.start()
  writeFileSync(cluster.definition, definition)
  await one.start()
  expect(await outOfReach(cluster)).toEqual(without(other.host))
  await one.child.says(/is linked by multicast, this one by relay, .*: it is not linked/)
  await other.child.says(new RegExp(`${one.host} cannot be reached`))
  const { output: shown } = await cluster.run(['mon'])
  expect(shown).toContain(`node ${other.host} is linked by multicast, not by relay`)
  const { output: found } = await cluster.run(['doctor'])
  expect(found).toContain(
    `✗  nodes: the node ${other.host} is linked by multicast, this node by relay`,
  )
  await other.end('SIGTERM')
  await other.start()
  await one.child.says(new RegExp(`${other.host} heard again`))
})

test.runIf(available('a host whose name leads nowhere', 'network')).each([
  ['has no address', [], 'does not resolve: the name service has no address for it'],
  ['has an address of IPv6 alone, which nothing here leads to', ['fd00::2'], 'cannot be reached'],
])('a node whose name %s is out of reach', async (_, addresses, told) => {
  const { machines } = new Network(2)
  const [first, second] = machines as [Machine, Machine]
  const cluster = await TestCluster.reserve('mesh+relay', 2, { machines })
  const others = addresses.map((address) => `${address} ${second.name}`)
  first.hosts([`${first.address} ${first.name}`, ...others])
  await Promise.all(cluster.nodes.map((node) => node.start()))
  expect(await outOfReach(cluster)).toEqual(without(second.name))
  await cluster.node().child.says(new RegExp(`"?${second.name}"? .*${told}`))
})
