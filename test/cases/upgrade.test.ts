// A cluster is upgraded one host after the other while it is used: each host has a package of its own. Nothing is missing,
// nothing comes twice, no loss is told; a package with another version of the wire is refused by name.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { wireVersion } from '../../src/model/wire-version.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { Product } from '../harness/product.ts'
import { changedSources } from '../harness/changed-sources.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const ending = `for (const signal of ['SIGTERM']) process.once(signal, () => { stop(); void queue.close() })`

/** Publishes 1, 2, 3, … from when it starts, and says up to where when it has ended. */
const writer = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'WRITER' })
  let N = 0
  const timer = setInterval(() => queue.publish({ table: 'TRADE', kind: 'insert', record: { N: ++N } }), 5)
  const stop = () => clearInterval(timer)
  ${ending}
  console.log('ready')
  await queue.closed
  console.log('published', N)`

/** Says what it hears: \`writer incarnation, N\`, losses, and who is out of reach. */
const reader = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: process.argv[2] ?? 'READER' })
  const stop = () => {}
  ${ending}
  const subscription = queue.subscribe('TRADE', {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { record, publisher } of updates) console.log('heard', publisher.incarnation, record.N)
      for (const { reason } of losses) console.log('loss', reason)
    },
  })
  await subscription.ready
  console.log('ready without', subscription.unreachable.join(' '))
  await queue.closed
  console.log('ended')`

/** A package, or a checkout, with the programs of an application. */
type Installed = Pick<Product, 'folder' | 'command'>

/** The built package in a version of its own. */
function productOf(version: string): Installed {
  const product = new Product(version)
  product.write('writer.js', writer)
  product.write('reader.js', reader)
  return product
}

/** A copy of the sources that speaks this version of the wire. */
function checkoutOf(wire: number): Installed {
  const folder = changedSources({ wire })
  for (const [name, program] of Object.entries({ 'writer.js': writer, 'reader.js': reader }))
    writeFileSync(join(folder, name), program.replace("'tidings'", "'./src/index.ts'"))
  return { folder, command: join(folder, 'bin', 'tidings.js') }
}

/** Starts a command or a program of the package on a node. */
function start(
  cluster: TestCluster,
  product: Installed,
  node: number,
  words: readonly string[],
): Child {
  const { host, state } = cluster.node(node)
  return new Child({
    name: `${words.join(' ')} on ${host}`,
    arguments: words,
    env: {
      TIDINGS_DEFINITION: cluster.definition,
      TIDINGS_HOST: host,
      TIDINGS_STATE: state,
      UV_THREADPOOL_SIZE: '64',
    },
    cwd: product.folder,
    ipc: false,
    keepsOutput: true,
  })
}

async function begin(cluster: TestCluster, product: Installed, node: number): Promise<Child> {
  const child = start(cluster, product, node, [product.command, 'cluster'])
  await child.says(/\bready: /)
  return child
}

/** What was heard of each life of the writer, in order. */
function heard({ lines }: Child): Map<string, number[]> {
  const lives = new Map<string, number[]>()
  for (const line of lines) {
    const [, incarnation = '', number = ''] = /^heard (\w+) (\d+)$/.exec(line) ?? []
    if (incarnation === '') continue
    lives.set(incarnation, [...(lives.get(incarnation) ?? []), Number(number)])
  }
  return lives
}

const losses = ({ lines }: Child) => lines.filter((line) => line.startsWith('loss'))

/** From the first on nothing is missing, and nothing comes twice. */
function expectWhole(numbers: readonly number[] = []): void {
  expect(numbers).toEqual(numbers.map((_, place) => (numbers[0] ?? 0) + place))
}

async function hearsMore(child: Child): Promise<void> {
  const before = child.lines.length
  await child.until('it hears more', () => child.lines.length > before + 100)
}

it('one host after the other has the new package, while updates go on', async () => {
  const [older, newer] = [productOf('0.0.9'), productOf('9.9.9')]
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  const old = [await begin(cluster, older, 0), await begin(cluster, older, 1)]
  const writing = start(cluster, older, 0, ['writer.js'])
  const reading = start(cluster, older, 1, ['reader.js'])
  await hearsMore(reading)
  // The host of the reader first.
  await reading.end('SIGTERM')
  await old[1]?.end('SIGTERM')
  await begin(cluster, newer, 1)
  const again = start(cluster, newer, 1, ['reader.js'])
  await hearsMore(again)
  // Then that of the writer.
  await writing.end('SIGTERM')
  await old[0]?.end('SIGTERM')
  await begin(cluster, newer, 0)
  start(cluster, newer, 0, ['writer.js'])
  await again.until('it hears the new writer', () => heard(again).size === 2)
  await hearsMore(again)
  const version = start(cluster, newer, 0, [newer.command, '--version'])
  await version.ended
  expect(version.output).toContain('9.9.9')
  expect([...losses(reading), ...losses(again)]).toEqual([])
  for (const numbers of heard(reading).values()) expectWhole(numbers)
  const [first = [], second = []] = [...heard(again).values()]
  expectWhole(first)
  expectWhole(second)
  expect(second[0]).toBe(1)
  const published = Number(/^published (\d+)$/m.exec(writing.output)?.[1])
  expect(first.at(-1)).toBe(published)
})

it('a host with another version of the wire is refused by name, and who waits for it is told', async () => {
  const [ours, other] = [checkoutOf(wireVersion), checkoutOf(wireVersion + 1)]
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  const [one, two] = cluster.nodes.map(({ host }) => host) as [string, string]
  const stays = await begin(cluster, ours, 0)
  const old = await begin(cluster, ours, 1)
  const before = start(cluster, ours, 1, ['writer.js'])
  const reading = start(cluster, ours, 0, ['reader.js'])
  await hearsMore(reading)
  await before.end('SIGTERM')
  await old.end('SIGTERM')
  const comes = await begin(cluster, other, 1)
  const refusal = (node: string, theirs: number, own: number) =>
    new RegExp(`node ${node} speaks version ${theirs}, this one version ${own}: it is not linked`)
  await stays.says(refusal(two, wireVersion + 1, wireVersion))
  await comes.says(refusal(one, wireVersion, wireVersion + 1))
  const mixed = start(cluster, ours, 1, ['reader.js'])
  await mixed.says(/MODE_MISMATCH/)
  await mixed.says(
    new RegExp(
      `GENESIS_CLUSTER (?:speaks )?version ${wireVersion + 1}.*use one version of tidings on all nodes`,
    ),
  )
  // What is published there does not come here, in whatever form: the link is closed.
  await stays.says(new RegExp(`link to ${two} closed`))
  const count = reading.lines.length
  start(cluster, other, 1, ['writer.js'])
  const late = start(cluster, ours, 0, ['reader.js', 'LATE'])
  await late.prints(new RegExp(`^ready without ${two}$`))
  const asked = await cluster.snapshot(0)
  expect(asked.nodes.find(({ name }) => name === two)?.links).toEqual([])
  expect(reading.lines.slice(count)).toEqual([])
  expect(losses(reading)).toEqual([])
  expectWhole([...heard(reading).values()][0])
})
