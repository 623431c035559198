// The compose files of docs/CONTAINERS.md: their commands, in containers that all start at once. Each container has pids of
// its own; a network is that of a machine which has nothing else.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { type ComposeFile, programOf, readCompose, type Service } from '../harness/compose.ts'
import { type Machine, Network } from '../harness/network.ts'
import { container, inside } from '../harness/place.ts'
import { Product } from '../harness/product.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { available } from '../harness/tools.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/CONTAINERS.md'), 'utf8')
// What has an `apiVersion` is for Kubernetes.
const files = [...page.matchAll(/^```yaml\n(?!apiVersion)(.*?)^```$/gms)].map(([, text = '']) =>
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
  const mounts = (service.volumes ?? []).map((mount) => mount.split(':')[1] ?? '')
  const env = Object.entries(service.environment ?? {}).map(([key, value]) => {
    // What points into the volume has to: otherwise it would not be kept.
    expect(mounts, key).toContain(value)
    return [key, volume]
  })
  return begin(name, service, product, network.machine(), Object.fromEntries(env))
}

/** A container on the network of this machine. */
function begin(
  name: string,
  { command }: Service,
  product: Product,
  machine: Machine,
  env: Readonly<Record<string, string>>,
): Child {
  return new Child({
    name,
    arguments: programOf(command),
    env: { TIDINGS_STATE: scratchDirectory(), ...env },
    cwd: product.folder,
    place: inside(machine.place, container),
    ipc: false,
    keepsOutput: true,
  })
}

const possible = available('compose files', 'container', 'network')

const ofOneNode = files.filter(({ services }) => services['cluster'] !== undefined)

it.runIf(possible).each(ofOneNode.map((file, index) => [index + 1, file] as const))(
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
    const open = (name: string): Child =>
      start(name, services[name] as Service, product, network, volume)
    const applications = names.map(open)
    const first = open('cluster')
    for (const each of applications) {
      await each.prints(/^ready 1$/)
      await each.prints(/^heard/)
    }
    await first.end('SIGKILL')
    await open('cluster').says(/process (?:ORDERS|PRICES) (?:is back|registered)/)
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

it.runIf(possible)(
  'compose file of two nodes: each has a network of its own, and hears the other',
  async () => {
    const [file, ...others] = files.filter((each) => !ofOneNode.includes(each))
    expect(others).toEqual([])
    const { services } = file as ComposeFile
    const [, definition = ''] = /^## Several nodes$.*?^```kotlin\n(.*?)^```$/ms.exec(page) ?? []
    const product = new Product()
    product.write('orders.js', program('ORDERS', 'PRICES'))
    product.write('prices.js', program('PRICES', 'ORDERS'))
    const network = new Network(2)
    const nodes = Object.keys(services).filter((name) => services[name]?.network_mode === undefined)
    const machines = new Map(nodes.map((name, place) => [name, network.machine(place)]))
    const lines = [...machines].map(([name, { address }]) => `${address} ${name}`)
    for (const machine of machines.values()) machine.hosts(lines)
    const children = Object.entries(services).map(([name, service]) => {
      const host = service.network_mode?.replace('service:', '') ?? name
      expect(service.environment).toEqual({
        TIDINGS_DEFINITION: '/etc/tidings/shop.kts',
        TIDINGS_HOST: host,
      })
      return begin(name, service, product, machines.get(host) as Machine, {
        TIDINGS_HOST: host,
        TIDINGS_DEFINITION: product.write('shop.kts', definition),
      })
    })
    expect(children).toHaveLength(4)
    for (const each of children.filter(({ name }) => !nodes.includes(name))) {
      await each.prints(/^ready 1$/)
      await each.prints(/^heard/)
      expect(each.lines.filter((line) => line.startsWith('loss'))).toEqual([])
    }
  },
)
