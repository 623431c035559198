// Nodes that seal what they send to a group, and somebody on their network who hears it and sends there, too.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { repository } from '../harness/child.ts'
import { Network, type Machine } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'
import { expectAllOf, sum } from './judgement.ts'

const networks = available('machines linked by multicast', 'network', 'nft')

const attacker = join(repository, 'test', 'system', 'processes', 'multicast-attacker.ts')
const group = '239.192.84.73'
const datagrams = 100_000

/** What 100,000 datagrams may leave in a process that keeps none of them: garbage that was not collected yet. */
const mostMemory = 64 * 1024 * 1024

endProcessesAfterEach()

/** The machine has the address of the other one, and nobody else finds it there: so it can send from it. */
function stealAddress(thief: Machine, victim: Machine): void {
  for (const item of ['all', 'eth0'])
    thief.run(
      'sysctl',
      '-qw',
      `net.ipv4.conf.${item}.accept_local=1`,
      `net.ipv4.conf.${item}.rp_filter=0`,
    )
  thief.run('ip', 'link', 'set', 'eth0', 'arp', 'off')
  thief.run('ip', 'addr', 'add', `${victim.address}/32`, 'dev', 'lo')
}

function residentBytes(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1024
}

it.runIf(networks)(
  'who hears the group reads nothing, and replays, flips and forgeries under the address of a node change nothing',
  async () => {
    const [first, second, stranger] = new Network(3).machines as [Machine, Machine, Machine]
    stealAddress(stranger, first)
    const machines = [first, second]
    const cluster = await TestCluster.start('mesh+multicast', 2, { machines, keys: [newKeyPair()] })
    const publisher = await cluster.open('PUBLISHER', {}, 0)
    const subscriber = await cluster.open('SUBSCRIBER', {}, 1)
    await subscriber.subscribe('*')
    await publisher.load({ perSecond: 1_000 })
    await publisher.publishes(2_000)
    const { child } = cluster.node(1)
    const before = residentBytes(child.pid)

    const words = [group, String(cluster.ports.cluster), stranger.address, first.address]
    const attack = cluster.spawn([attacker, ...words, String(datagrams)], stranger.place)
    await attack.says(/sent \d+ datagrams/)
    expect(attack.log).not.toContain('read:')
    await child.says(/datagrams at \S+ that say they are of this cluster were dropped, \d+ so far/)
    expect(residentBytes(child.pid) - before).toBeLessThan(mostMemory)

    const published = await publisher.stop()
    const heard = await subscriber.receives({ process: 'PUBLISHER', updates: sum(published) })
    expectAllOf(heard, 'PUBLISHER', published)
    expect(heard.foreign).toEqual([])
    expect(child.log).not.toContain('is gone')
  },
)
