// Another implementation of ZRE, the protocol by which nodes know each other: it finds a node by its beacon, and sees it go.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const beaconPort = 5670

it.runIf(available('zyre.js beside a node', 'network'))(
  'zyre.js finds a node by its beacon, reads its HELLO, and sees it leave',
  async () => {
    const { machines } = new Network(2)
    const [first, second] = machines as [Machine, Machine]
    const cluster = await TestCluster.reserve('mesh+relay', 2, {
      machines: [first],
      hosts: [first.name, second.name],
    })
    const text = readFileSync(cluster.definition, 'utf8')
    const item = `item("TidingsBeaconPort", ${beaconPort})`
    writeFileSync(cluster.definition, text.replace('global {', `global {\n${item}`))
    const script = join(repository, 'test', 'cases', 'processes', 'zyre.ts')
    const zyre = new Child({
      name: 'zyre.js',
      arguments: [script, 'other', 'eth0', String(cluster.ports.cluster), String(beaconPort)],
      place: second.place,
      ipc: false,
      keepsOutput: true,
    })
    await zyre.prints(/^ready/)
    await cluster.node().start()
    const [, said = '[]'] = await zyre.prints(/^connect (.*)/)
    expect(said).toContain('"m1"')
    for (const header of ['X-TIDINGS-NODE', 'X-TIDINGS-RELAY', 'X-TIDINGS-CLUSTER'])
      expect(said).toContain(header)
    await zyre.prints(/^join .*TIDINGS/)
    await cluster.node().child.says(/node m2 speaks no protocol of ours.*it is not linked/)
    await cluster.node().child.says(/node m2 is alive/)
    await cluster.node().end('SIGTERM')
    await zyre.prints(/^disconnect .*m1/)
  },
)
