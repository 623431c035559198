// Nodes that come and go: those at the addresses of a name of DNS, as a headless service of Kubernetes gives them.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Application } from '../harness/application.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import type { Items } from '../harness/definition-file.ts'
import { NameService } from '../harness/name-server.ts'
import type { Machine } from '../harness/network.ts'
import { Network } from '../harness/network.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { command, TestNode } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'

endProcessesAfterEach()

const query = 'nodes.shop.example'

/** Machines whose nodes find each other by the addresses that DNS has for `query`. */
class Service {
  readonly machines: readonly Machine[]
  readonly names = new NameService()
  readonly #definition: string
  readonly #directory = scratchDirectory()

  constructor(machines: readonly Machine[], more: Items = {}) {
    this.machines = machines
    this.#definition = join(this.#directory, 'shop.kts')
    const items = {
      ZeroMQProxyInboundPort: 5001,
      ZeroMQProxyOutboundPort: 5000,
      ZeroMQProxyUnicastRelayEnabled: true,
      TidingsHostsQuery: query,
      ...more,
    }
    const lines = Object.entries(items).map(([name, value]) => `item("${name}", "${value}")`)
    const text = `systemDefinition { global { ${lines.join('; ')} }\nsystems { system("SHOP") {} } }`
    writeFileSync(this.#definition, text)
  }

  static async of(count: number, more?: Items): Promise<Service> {
    const { machines } = new Network(count)
    const service = new Service(machines, more)
    for (const machine of machines) await service.names.serve(machine)
    return service
  }

  /** DNS has the addresses of these machines from now on. */
  has(...machines: readonly Machine[]): void {
    this.names.answer({ [query]: machines.map(({ address }) => address) })
  }

  async node(machine: Machine, name: string = machine.name): Promise<TestNode> {
    const state = join(this.#directory, name)
    const node = new TestNode(name, this.#definition, state, command, machine.place)
    await node.start()
    return node
  }

  async open(process: string, machine: Machine, host: string = machine.name): Promise<Application> {
    const application = new Application(`${process} ${host}`, machine.place)
    await application.open({ process, definition: this.#definition, host })
    return application
  }

  async nodes(machine: Machine): Promise<string[]> {
    const child = new Child({
      name: 'mon',
      arguments: [
        command,
        'mon',
        '--json',
        '--definition',
        this.#definition,
        '--host',
        machine.name,
      ],
      place: machine.place,
      cwd: repository,
      ipc: false,
      keepsOutput: true,
    })
    await child.ended
    const { nodes } = JSON.parse(child.output) as ClusterSnapshot
    return nodes.map(({ name, address, state }) => `${name} ${address} ${state}`)
  }
}

it.runIf(available('nodes that DNS knows', 'network'))(
  'a node that comes is let in, heard and shown, and one that goes is not waited for',
  async () => {
    const service = await Service.of(3)
    const [first, second, third] = service.machines as [Machine, Machine, Machine]
    service.has(first, second)
    const nodes = await Promise.all([service.node(first), service.node(second)])
    const subscriber = await service.open('SUBSCRIBER', first)
    await subscriber.subscribe('*')
    expect((await subscriber.report()).unreachable).toEqual([])
    const publisher = await service.open('PUBLISHER', second)
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 100 })

    await service.node(third)
    service.has(first, second, third)
    const newcomer = await service.open('NEWCOMER', third)
    await newcomer.publish(100)
    const report = await subscriber.receives({ process: 'NEWCOMER', updates: 100 })
    expect(report.losses).toEqual([])
    expect(await service.nodes(first)).toEqual([
      'm1 10.77.0.1 alive',
      'm2 10.77.0.2 alive',
      'm3 10.77.0.3 alive',
    ])

    await publisher.close()
    await nodes[1].end('SIGTERM')
    service.has(first, third)
    await nodes[0].child.says(/node m2 has been gone for a minute.*forgotten/)
    expect(await service.nodes(first)).toEqual(['m1 10.77.0.1 alive', 'm3 10.77.0.3 alive'])
    await newcomer.publish(100)
    await subscriber.receives({ process: 'NEWCOMER', updates: 200 })
    expect((await subscriber.report()).losses).toEqual([])
  },
)

it.runIf(available('nodes that DNS knows', 'network'))(
  'nodes that DNS knows are linked by multicast, also one that comes later',
  async () => {
    const service = await Service.of(3, { ZeroMQProxyUnicastRelayEnabled: false })
    const [first, second, third] = service.machines as [Machine, Machine, Machine]
    service.has(first, second)
    const [node] = await Promise.all([service.node(first), service.node(second)])
    const subscriber = await service.open('SUBSCRIBER', first)
    await subscriber.subscribe('*')
    await service.node(third)
    service.has(first, second, third)
    for (const machine of [second, third]) {
      const process = `ON_${machine.name.toUpperCase()}`
      const publisher = await service.open(process, machine)
      await publisher.publish(100)
      const { losses } = await subscriber.receives({ process, updates: 100 })
      expect(losses).toEqual([])
    }
    expect(node.child.log).not.toContain('by TCP')
  },
)

it.runIf(available('nodes that DNS knows', 'network'))(
  'while DNS is away nodes go on; one that starts meanwhile comes when DNS is back',
  async () => {
    const service = await Service.of(2)
    const [first, second] = service.machines as [Machine, Machine]
    service.has(first, second)
    const nodes = await Promise.all(service.machines.map((machine) => service.node(machine)))
    const subscriber = await service.open('SUBSCRIBER', first)
    await subscriber.subscribe('*')
    const publisher = await service.open('PUBLISHER', second)
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 100 })
    service.names.fallSilent()
    await publisher.publish(100)
    await subscriber.receives({ process: 'PUBLISHER', updates: 200 })
    await nodes[1]?.end('SIGKILL')
    await nodes[1]?.start()
    const published = publisher.publish(100)
    await nodes[0]?.child.says(/nodes\.shop\.example is not answered: .* 1 known address stay/)
    service.has(first, second)
    const { streams } = await subscriber.receives({ process: 'PUBLISHER', updates: 300 })
    const right = { missing: 0, duplicates: 0, outOfOrder: 0 }
    for (const stream of streams) expect(stream).toMatchObject(right)
    await published
  },
)

it.runIf(available('nodes that DNS knows', 'network'))(
  'a pod that takes the place of another, with its own name and address, goes on as a node of its own',
  async () => {
    const service = await Service.of(2)
    const [first, second] = service.machines as [Machine, Machine]
    service.has(first, second)
    await service.node(first)
    const old = await service.node(second, 'pod-1')
    const subscriber = await service.open('SUBSCRIBER', first)
    await subscriber.subscribe('*')
    const before = await service.open('BEFORE', second, 'pod-1')
    await before.publish(10)
    await subscriber.receives({ process: 'BEFORE', updates: 10 })
    await before.close()
    await old.end('SIGTERM')
    second.move('10.77.0.22')
    service.has(first, second)
    await service.node(second, 'pod-2')
    const after = await service.open('AFTER', second, 'pod-2')
    await after.publish(10)
    const { losses } = await subscriber.receives({ process: 'AFTER', updates: 10 })
    expect(losses).toEqual([])
  },
)
