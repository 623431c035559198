// `tidings mon` on any node says what each node is linked by, and in what condition that is.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it.each(['mesh+relay', 'proxy+multicast'] as const)(
  '%s: both nodes tell of their links, and of one whose node was killed',
  async (shape) => {
    const cluster = await TestCluster.start(shape, 2)
    const [one, two] = cluster.nodes.map(({ host }) => host) as [string, string]
    const by = shape === 'mesh+relay' ? 'relay' : 'multicast'
    const way = by === 'relay' ? undefined : 'group'
    const linksOf = async (node: string) =>
      (await cluster.snapshot()).nodes.find(({ name }) => name === node)?.links ?? []
    await eventually('the links to stand', async () => {
      const links = [...(await linksOf(one)), ...(await linksOf(two))]
      return (
        links.length === 2 &&
        links.every(({ state, reception }) => state === 'connected' && reception?.way === way)
      )
    })
    const [toTwo] = await linksOf(one)
    expect(toTwo).toMatchObject({ node: two, by, at: `${two}:${cluster.ports.relay}` })
    const [toOne] = await linksOf(two)
    expect(toOne).toMatchObject({ node: one, by, at: `${one}:${cluster.ports.relay}` })
    const { output } = await cluster.run(['mon'])
    expect(output).toMatch(new RegExp(`^${two} +${by} +connected +\\d+ (s|min)`, 'm'))
    await cluster.node(1).end('SIGKILL')
    await eventually('the link not to stand', async () => {
      const [link] = await linksOf(one)
      return link === undefined || link.state === 'connecting'
    })
    // What it said last is shown until it is known to be out of reach.
    await eventually('no links of the killed node', async () => (await linksOf(two)).length === 0)
  },
)
