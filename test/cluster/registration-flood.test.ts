// Who may connect registers again and again, each time as another life of a process that runs.
import { afterEach, expect, test } from 'vitest'
import { registerMany } from './many-registrations.ts'
import { Registrant } from './registrant.ts'
import { RunningCluster, nodesAt, settingsOf, stopAll } from './running-cluster.ts'
import { closeTaps } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

const lives = 1_000

test('ever new lives of a process that runs do not fill the log, and what it leaves out is counted', async () => {
  const cluster = await RunningCluster.start(settingsOf(await nodesAt('127.0.0.1')))
  const holder = new Registrant(cluster)
  const watcher = new Registrant(cluster, { process: 'WATCHER' })
  for (const each of [holder, watcher]) await each.registered()
  const { node, process } = holder.registration
  await registerMany(cluster.at('registry'), node, lives + 1, (id) => ({
    process: id === lives ? 'LAST' : process,
  }))
  // On one connection what was said before is read before.
  await watcher.knows('the last of them', (roster) =>
    roster.values().some((entry) => entry.process === 'LAST'),
  )
  await cluster.close()
  const told = cluster
    .events()
    .filter((event) => event.type === 'process' && event.process === process).length
  const leftOut = cluster
    .events()
    .reduce((sum, event) => sum + (event.type === 'left-out' ? event.count : 0), 0)
  expect(told).toBeLessThan(lives / 2)
  expect(told + leftOut).toBeGreaterThanOrEqual(lives)
})
