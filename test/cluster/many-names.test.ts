import { afterEach, expect, test } from 'vitest'
import { queryCluster } from '../../src/transport/zeromq/connections/snapshot-query.ts'
import { eventually } from '../harness/eventually.ts'
import { registerNames } from './many-registrations.ts'
import { RunningCluster, nodesAt, settingsOf, stopAll } from './running-cluster.ts'
import { closeTaps } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

const names = 10_000

test('a program that registers ten thousand names is shown whole, and ends nothing', async () => {
  const cluster = await RunningCluster.start(settingsOf(await nodesAt('127.0.0.1')))
  const { name, ports } = cluster.settings.node
  await registerNames(cluster.at('registry'), name, names)
  const rows = await eventually('all rows', async () => {
    const { nodes } = await queryCluster(name, ports.registry, 20_000)
    const processes = nodes.flatMap((node) => node.processes)
    return processes.length > names ? processes : null
  })
  const shown = new Set(rows.map((row) => row.name))
  for (let id = 0; id < names; id += 1) expect(shown).toContain(`PROCESS_${id}`)
  expect(cluster.events().filter(({ type }) => type === 'warning')).toEqual([])
})
