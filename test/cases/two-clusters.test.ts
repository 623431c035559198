// Two projects with the same hosts and ports, by mistake or because both took the defaults: they never become one.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

/** The system of the definition has another name, and its items. */
function rename({ definition }: TestCluster, system: string, item = ''): void {
  const text = readFileSync(definition, 'utf8').replace('"TEST"', `"${system}"`)
  writeFileSync(definition, text.replace('hosts {', `${item}\nhosts {`))
}

it.runIf(available('two projects on one network', 'network'))(
  'nodes of two projects refuse each other by name, and say what to do',
  async () => {
    const { machines } = new Network(2)
    const [one, other] = machines as [Machine, Machine]
    const shop = await TestCluster.reserve('proxy+relay', 2, {
      machines: [one],
      hosts: ['m1', 'm2'],
    })
    const bank = await TestCluster.reserve('proxy+relay', 2, {
      machines: [other],
      hosts: ['m2', 'm1'],
    })
    rename(shop, 'SHOP')
    rename(bank, 'BANK')
    await Promise.all([shop.node().start(), bank.node().start()])
    const refused = (node: string, theirs: string, ours: string) =>
      new RegExp(
        `a HELLO was refused: node ${node} at tcp://\\S+ is of the cluster "${theirs}", this one of the cluster "${ours}": give one of the two other ports`,
      )
    await shop.node().child.says(refused('m2', 'BANK', 'SHOP'))
    await bank.node().child.says(refused('m1', 'SHOP', 'BANK'))
    const subscriber = await shop.open('SUBSCRIBER')
    await subscriber.subscribe('*')
    expect((await subscriber.report()).unreachable).toEqual(['m2'])
    const states = (await shop.snapshot()).nodes.map(({ name, state }) => `${name} ${state}`)
    expect(states).toEqual(['m1 alive', 'm2 unreachable'])
    expect(shop.node().child.log).not.toContain('link to m2')
    await bank.node().end('SIGTERM')
    rename(bank, 'BANK', 'item("TidingsClusterName", "SHOP")')
    await bank.node().start()
    await shop.node().child.says(/node m2 is alive/)
  },
)

it.each([
  ['', {}],
  [', also where it has the same keys', { keys: [newKeyPair()] }],
])(
  'a process of another project at the same ports is refused, and told what to do%s',
  async (_, stage) => {
    const shop = await TestCluster.reserve('proxy', 1, stage)
    rename(shop, 'SHOP')
    await shop.node().start()
    rename(shop, 'SHOP', 'item("TidingsClusterName", "BANK")')
    const opening = shop.open('TELLER')
    await expect(opening).rejects.toMatchObject({ code: 'MODE_MISMATCH' })
    await expect(opening).rejects.toThrow(
      'this process is of the cluster "BANK", GENESIS_CLUSTER at its ports of the cluster "SHOP": give both the same definition, or one of the two clusters other ports',
    )
    await shop
      .node()
      .child.says(/process TELLER refused: pid \d+: this process is of the cluster "BANK"/)
    const { code, log } = await shop.run(['publish', 'TRADE', '{"TRADE_ID":"T1"}'])
    expect(code).not.toBe(0)
    expect(log).toContain('MODE_MISMATCH')
  },
)
