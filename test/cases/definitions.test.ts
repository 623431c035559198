// Definitions as people have them: of Genesis modules, and one with a host whose name is misspelt.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { nodeAddresses } from '../harness/loopback.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const change = ({ definition }: TestCluster, before: string, after: string): void =>
  writeFileSync(definition, readFileSync(definition, 'utf8').replace(before, after))

it('what Genesis modules put into theirs is passed over: lists, imports, calls, templates', async () => {
  const cluster = await TestCluster.reserve('mesh')
  change(
    cluster,
    'systemDefinition {\n    global {',
    `import genesis.config.*
systemDefinition {
    global {
        item("REPORTING_DATASOURCE_LIST", listOf("TRADE", "ORDER", "TRADE_VIEW", "ORDER_VIEW"))
        item("NOTIFY_ENTITY_LIST", listOf("FX_TRADE", "ENTITY"))
        item(name = "DbUrl", value = System.getenv("DB_URL") ?: "jdbc:postgresql://localhost")
        item(name = "Jvm", value = listOf("-Xmx\${1 + 1}g").joinToString(" "))`,
  )
  const { code, output } = await cluster.run(['check'])
  expect({ code, output }).toMatchObject({ code: 0, output: expect.not.stringContaining('error') })
  await cluster.node().start()
  expect(await cluster.run(['publish', 'TRADE', '{"N":1}'])).toMatchObject({ code: 0 })
})

/** Whether somebody listens there. */
async function isBound(host: string, port: number): Promise<boolean> {
  const socket = net.connect({ host, port })
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    return false
  } finally {
    socket.destroy()
  }
}

it('a misspelt host is told, is in mon, and opens no loopback node to others', async () => {
  const misspelt = 'app-hots2.invalid'
  const [other = ''] = nodeAddresses(1)
  const cluster = await TestCluster.reserve('mesh+relay', 1)
  change(cluster, 'hosts {', `hosts {\nhost("${misspelt}")`)
  await cluster.node().start()
  await cluster
    .node()
    .child.says(/the host "app-hots2\.invalid" of the definition does not resolve/)
  const { nodes } = await cluster.snapshot()
  expect(nodes.map(({ name }) => name)).toContain(misspelt)
  const { output } = await cluster.run(['mon'])
  expect(output).toMatch(/app-hots2\.invalid \(address not known\) unreachable/)
  for (const port of [cluster.ports.inbound, cluster.ports.outbound, cluster.ports.cluster])
    expect([
      await isBound(cluster.node().host, port),
      await isBound('127.0.0.1', port),
      await isBound(other, port),
    ]).toEqual([true, false, false])
})

it('processes get the ports of the range that the definition gives, and no others', async () => {
  const cluster = await TestCluster.reserve('mesh')
  change(cluster, 'global {', 'global {\n item("TidingsProcessPorts", "12340-12341")')
  const { output } = await cluster.run(['check'])
  expect(output).toContain(
    'It hands out process ports from 12340 to 12341 (ZeroMQ 22340 to 22341).',
  )
  await cluster.node().start()
  const first = await cluster.open('FIRST')
  const second = await cluster.open('SECOND')
  expect([first.zeromqPort, second.zeromqPort]).toEqual([22_340, 22_341])
  const third = cluster.open('THIRD')
  await expect(third).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  await expect(third).rejects.toThrow('TidingsProcessPorts')
  change(cluster, '12340-12341', '12341-12340')
  const { code, output: wrong } = await cluster.run(['check'])
  expect(code).toBe(1)
  expect(wrong).toContain('TidingsProcessPorts is "12341-12340": expected a range of process ports')
})
