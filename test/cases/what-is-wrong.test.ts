// `tidings mon` begins with what is wrong in a cluster.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Network } from '../harness/network.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

/** Waits until a line of what is wrong has these words. */
async function told(cluster: TestCluster, line: RegExp, ...words: string[]): Promise<void> {
  let wrong = ''
  const what = () => `${line} is told: ${wrong}`
  await eventually(what, async () => {
    wrong = await wrongOf(cluster, ...words)
    return line.test(wrong)
  })
}

/** What stands between the title and the first node. */
async function wrongOf(cluster: TestCluster, ...words: string[]): Promise<string> {
  const { output } = await cluster.run(['mon', ...words])
  return output.split('\n\n')[1] ?? ''
}

it('says that nothing is, then who is slow, who has lost what, and which node is gone', async () => {
  const cluster = await TestCluster.start('mesh+relay', 2)
  const [near, far] = cluster.nodes.map(({ host }) => host)
  const publisher = await cluster.open('PUBLISHER')
  const slow = await cluster.open('SLOW', {}, 1)
  const quick = await cluster.open('A_QUICK_ONE', {}, 1)
  await slow.subscribe('*', { asleep: true })
  await quick.subscribe('*')
  await told(cluster, /^nothing is wrong: 2 nodes, \d+ processes, nothing lost within 10 min$/)

  // It ends when all subscribers have taken what was published, and one sleeps.
  const published = publisher.publish(10)
  await told(cluster, new RegExp(`^SLOW on ${far} is slow: what it takes next is \\d+ s old$`, 'm'))
  const sorted = await cluster.run(['mon', '--sort', 'lag', '--json'])
  const { nodes } = JSON.parse(sorted.output) as Awaited<ReturnType<typeof cluster.snapshot>>
  const [first, ...others] = nodes.find(({ name }) => name === far)?.processes ?? []
  expect(first).toMatchObject({ name: 'SLOW', health: { ready: true, losses: 0 } })
  expect(others.map(({ name }) => name)).toContain('A_QUICK_ONE')
  await slow.wake()
  await published
  await told(cluster, /^nothing is wrong: /)

  await publisher.child.end('SIGKILL')
  const lost = `^A_QUICK_ONE on ${far} was told .* ago: [A-Z]+ from \\d+ of PUBLISHER on ${near} \\(gone\\)$`
  await told(cluster, new RegExp(lost, 'm'))
  await cluster.node(1).end('SIGKILL')
  const gone = new RegExp(`^node ${far} \\(${far}\\) is not heard any more`)
  await told(cluster, gone, '--status', 'DOWN')
})

it.runIf(available('a machine with a firewall', 'network', 'nft'))(
  'says who is not ready, and for whom it waits, where a firewall stands between two processes',
  async () => {
    const { machines } = new Network(2)
    const [machine] = machines
    const cluster = await TestCluster.start('mesh+relay', 2, { machines })
    const publisher = await cluster.open('PUBLISHER')
    // Who has published nothing is waited for by nobody.
    await publisher.publish(10)
    machine?.rule(`tcp dport ${publisher.zeromqPort} drop`)
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe('*', { atOnce: true })
    await told(cluster, /^SUBSCRIBER on m1 is not ready: it waits for PUBLISHER on m1$/m)
    machine?.heal()
    await told(cluster, /^nothing is wrong: /)
    expect((await subscriber.report()).isReady).toBe(true)
  },
)
