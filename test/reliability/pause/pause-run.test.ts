import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { available, runnable } from '../../harness/tools.ts'
import { pausePeerNamed, pausePeers } from './pause-peers.ts'
import { missingOf } from './pause-result.ts'
import type { Fault } from './pause-run.ts'
import { runPause } from './pause-run.ts'

endProcessesAfterEach()

const work = { seconds: 1, perSecond: 200 }

async function afterPause(name: string, fault: Fault) {
  const peer = pausePeerNamed(name)
  const outcome = await runPause(peer, fault, work)
  expect(outcome.published).toBeGreaterThan(0)
  const { hinted, silent } = missingOf({ peer: name, title: peer.title, fault, ...outcome })
  return { ...outcome, hinted, silent }
}

const isThere = (name: string): boolean =>
  runnable(`a pause of ${name}`, pausePeerNamed(name).requirement().missing)

for (const { name } of pausePeers)
  it.runIf(isThere(name))(
    `${name}: a process that stood still for a second has it all`,
    async () => {
      const { published, delivered } = await afterPause(name, 'stop')
      expect(delivered).toBe(published)
    },
  )

const canCut = available('a pause of two machines', 'network', 'nft')

for (const name of ['tidings', 'redis-streams', 'bullmq'])
  it.runIf(canCut && isThere(name))(
    `${name}: who was cut off for a second has it all`,
    async () => {
      const { published, delivered } = await afterPause(name, 'cut')
      expect(delivered).toBe(published)
    },
  )

for (const name of ['nats', 'redis', 'postgres'])
  it.runIf(canCut && isThere(name))(
    `${name}: who was cut off for a second has nothing of it, and knows that the connection ended`,
    async () => {
      const { published, delivered, hinted } = await afterPause(name, 'cut')
      expect(delivered).toBe(0)
      expect(hinted).toBe(published)
    },
  )
