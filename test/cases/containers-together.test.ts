// The compose files of docs/CONTAINERS.md: their commands, in containers of one network that all start at once. Each
// container has pids of its own; the network is that of a machine which has nothing else.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { readCompose, type Service } from '../harness/compose.ts'
import { Network } from '../harness/network.ts'
import { container, inside } from '../harness/place.ts'
import { Product } from '../harness/product.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { available } from '../harness/tools.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/CONTAINERS.md'), 'utf8')
const files = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) =>
  readCompose(text),
)

endProcessesAfterEach()

const program = (name: string, other: string): string => `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: '${name}' })
  const subscription = queue.subscribe('${other}', {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { record } of updates) console.log('heard', record.N)
      for (const { reason } of losses) console.log('loss', reason)
    },
  })
  await subscription.ready
  let N = 0
  setInterval(() => queue.publish({ table: '${name}', kind: 'insert', record: { N: ++N } }), 20)
  console.log('ready', process.pid)`

/** Starts a container of the service; \`volume\`: the folder that its volumes are. */
function start(name: string, service: Service, product: Product, network: Network, volume: string) {
  const [node, ...words] = service.command.split(' ')
  expect(node).toBe('node')
  const mounts = (service.volumes ?? []).map((mount) => mount.split(':')[1] ?? '')
  const env = Object.entries(service.environment ?? {}).map(([key, value]) => {
    // What points into the volume has to: otherwise it would not be kept.
    expect(mounts, key).toContain(value)
    return [key, volume]
  })
  return new Child({
    name,
    arguments: words,
    env: { TIDINGS_STATE: scratchDirectory(), ...Object.fromEntries(env) },
    cwd: product.folder,
    place: inside(network.machine().place, container),
    ipc: false,
    keepsOutput: true,
  })
}

const possible = available('compose files', 'container', 'network')

it.runIf(possible).each(files.map((file, index) => [index + 1, file] as const))(
  'compose file %i: all start at once, and again behind GENESIS_CLUSTER that was killed',
  async (_, { services, volumes = {} }) => {
    const { cluster, ...others } = services
    const names = Object.keys(others)
    expect(names).toEqual(['orders', 'prices'])
    // One network: that of the host for all, or that of the first container.
    const mode = cluster?.network_mode ?? 'service:cluster'
    expect(Object.values(others).map(({ network_mode }) => network_mode)).toEqual([mode, mode])
    expect(cluster?.volumes?.map((mount) => mount.split(':')[0]) ?? []).toEqual(
      Object.keys(volumes),
    )
    const product = new Product()
    product.write('orders.js', program('ORDERS', 'PRICES'))
    product.write('prices.js', program('PRICES', 'ORDERS'))
    const network = new Network(1)
    const volume = scratchDirectory()
    const begin = (name: string): Child =>
      start(name, services[name] as Service, product, network, volume)
    const applications = names.map(begin)
    const first = begin('cluster')
    for (const each of applications) {
      await each.prints(/^ready 1$/)
      await each.prints(/^heard/)
    }
    await first.end('SIGKILL')
    await begin('cluster').says(/process (?:ORDERS|PRICES) (?:is back|registered)/)
    for (const each of applications) {
      const heard = each.lines.length
      await each.until('it hears again', () => each.lines.length > heard + 10)
      expect(each.hasEnded).toBe(false)
      // With its volume GENESIS_CLUSTER has its roster again; the page says what comes of having none.
      const losses = each.lines.filter((line) => line.startsWith('loss'))
      expect(losses.filter((line) => cluster?.volumes || line !== 'loss roster-lost')).toEqual([])
    }
  },
)
