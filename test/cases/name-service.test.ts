// Hosts by name, and a name service that fails: nobody waits for it, and who is known stays known.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

/** Adds hosts to the definition that no machine of the test is. */
function alsoLists(cluster: TestCluster, ...hosts: readonly string[]): void {
  const text = readFileSync(cluster.definition, 'utf8')
  const added = hosts.map((host) => `host("${host}")`).join('\n')
  writeFileSync(cluster.definition, text.replace('hosts {', `hosts {\n${added}`))
}

/** Asks the system for a name, and says when the system has given up. */
function systemLookUp(machine: Machine, host: string): Child {
  const script = `require('dns').lookup('${host}', () => console.log('given up'))`
  return new Child({
    name: `look-up of ${host}`,
    arguments: ['-e', script],
    place: machine.place,
    ipc: false,
    keepsOutput: true,
  })
}

it.runIf(available('a silent name service', 'network', 'nft'))(
  'a name service that does not answer holds up neither a start nor an end',
  async () => {
    const { machines } = new Network(1)
    const [machine] = machines as [Machine]
    // The most that libc takes: 150 seconds, for which no test waits. So who waits for the system's look-up never ends here.
    machine.nameServer('127.99.99.99', 'timeout:30 attempts:5')
    machine.rule('ip daddr 127.99.99.99 drop')
    const cluster = await TestCluster.reserve('mesh+relay', 1, { machines })
    alsoLists(cluster, 'app-host2.example', 'app-host3.example')
    const sooner = async (work: () => Promise<unknown>): Promise<void> => {
      const judge = systemLookUp(machine, 'app-host2.example')
      await work()
      expect(judge.output).toBe('')
      await judge.end('SIGKILL')
    }
    const early = { clusterTimeoutMs: 500 }
    const refused = { code: 'CLUSTER_UNREACHABLE' }
    await sooner(() => expect(cluster.open('TOO_EARLY', early)).rejects.toMatchObject(refused))
    await sooner(() => cluster.node().start())
    await sooner(() => cluster.open('P'))
    await sooner(() => cluster.node().end('SIGTERM'))
    await sooner(async () => {
      const { code, output } = await cluster.run(['check'])
      expect(code).toBe(0)
      expect(output).toMatch(/:\d+:\d+: the host "app-host2\.example" does not resolve/)
    })
    await cluster.node().start()
    await cluster.node().child.says(/host "app-host2\.example" of the definition does not resolve/)
  },
)

it.runIf(available('an outage of the name service', 'network'))(
  'a host that was known is let in, and reached, while its name does not resolve',
  async () => {
    const { machines } = new Network(2)
    const [first, second] = machines as [Machine, Machine]
    const cluster = await TestCluster.reserve('proxy+relay', 2, { machines })
    alsoLists(cluster, 'nobody-is-here')
    await Promise.all(cluster.nodes.map((node) => node.start()))
    const publisher = await cluster.open('PUBLISHER', {}, 0)
    const subscriber = await cluster.open('SUBSCRIBER', {}, 1)
    await subscriber.subscribe('*')
    await publisher.publish(100)
    first.hosts([`${first.address} ${first.name}`])
    const node = cluster.node(0).child
    await node.says(new RegExp(`host "${second.name}" does not resolve any more`))
    await cluster.node(1).end('SIGTERM')
    await cluster.node(1).start()
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 200 })
    expect(node.log).not.toContain('denied')
    const { nodes } = await cluster.snapshot(0)
    expect(nodes.map(({ name }) => name)).toContain('nobody-is-here')
  },
)
