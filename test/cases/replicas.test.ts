// Two replicas of one process on a node, which the service definitions give one port.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { freePorts } from '../harness/loopback.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('replicas of a process that has a service port each have a port', async () => {
  const cluster = await TestCluster.start('mesh')
  const [port = 0] = await freePorts(cluster.node().host, 1)
  const services = join(scratchDirectory(), 'services.xml')
  writeFileSync(
    services,
    `<configuration><service host="localhost" name="SVC" port="${port - 10_000}"/></configuration>`,
  )
  const alone = await cluster.open('SVC', { services })
  expect(alone.zeromqPort).toBe(port)
  const replicas = await Promise.all(
    ['a', 'b'].map((instance) => cluster.open('SVC', { services, instance })),
  )
  const ports = replicas.map(({ zeromqPort }) => zeromqPort)
  expect(new Set([port, ...ports]).size).toBe(3)
  await replicas[1]?.subscribe('TRADE')
  await replicas[0]?.publish(10)
  expect((await replicas[1]?.receives({ updates: 1 }))?.losses).toEqual([])
})
