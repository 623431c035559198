// Tests of whole systems with real processes. What there is, from the outside in:
//
//   endProcessesAfterEach()                    once a file: shows what the processes said if a test failed, ends them, tidies up
//   available('three containers', 'container') for `it.runIf(…)`: what a machine has to let a test do; see tools.ts
//   TestCluster.start('proxy', 1)              GENESIS_CLUSTER on loopback addresses and free ports
//     { machines: new Network(2).machines }    each node a machine with a network of its own; `network.cut(…)`, `machine.rule(…)`
//     { keys: [newKeyPair()] }                 with a key file
//     { product: new Product() }               the built package in an application's folder, as users have it; `import 'tidings'`
//   cluster.node().start({}, container)        `reserve()` first: GENESIS_CLUSTER in a container, as a user, with a wrong clock (place.ts)
//   cluster.open('NAME', {}, 0, container)     a process told what to do by the test: publish, subscribe, report, losses
//   cluster.program([file, 'word'])            a program of an application: `await child.prints(/^ready/)`, `child.lines`
//   cluster.run(['publish', 'T', '{}'])        the command line
//   child.end('SIGKILL'), child.signal('SIGSTOP')  by pid, also inside of a container; `eventually(…)` for all other conditions
//
// Examples of both kinds: test/cases/killed-in-a-container.test.ts, test/cases/partition-heals.test.ts.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'
import type { KeyPair } from '../../src/model/key-pair.ts'
import type { OpenOptions } from '../../src/queue/options.ts'
import { Application } from './application.ts'
import type { Ending } from './child.ts'
import { Child, repository } from './child.ts'
import type { ClusterPorts, Items, Shape } from './definition-file.ts'
import { freeClusterPorts, isLinked, writeDefinition } from './definition-file.ts'
import { writeKeyFile } from './key-file.ts'
import { nodeAddresses } from './loopback.ts'
import type { Machine } from './network.ts'
import { here, inside } from './place.ts'
import type { Place } from './place.ts'
import type { Product } from './product.ts'
import { scratchDirectory } from './scratch.ts'

export const command = join(repository, 'bin', 'tidings.js')

/** Threads that GENESIS_CLUSTER starts itself again to have; given at once, the start takes half as long. */
const threads = '64'

/** On a machine with a network of its own all ports are free. */
const portsOfAMachine: ClusterPorts = {
  inbound: 31_001,
  outbound: 31_000,
  cluster: 31_002,
  registry: 31_003,
  relay: 31_004,
  export: 31_005,
}

/** Where the processes of a cluster run and whose they are. */
export interface Stage {
  /** A machine for each node, with a network of its own; default: loopback addresses of this one. */
  readonly machines?: readonly Machine[]
  /** What the definition calls the nodes; default: the names of the machines. */
  readonly hosts?: readonly string[]
  /** The built package in an application's folder; default: the sources of this checkout. */
  readonly product?: Product
  /** The keys of the cluster, first those of the ports; default: none. */
  readonly keys?: readonly KeyPair[]
  /** Further items of the definition. */
  readonly items?: Items
}

/** One GENESIS_CLUSTER process, which can be ended and started again on the same ports. */
export class TestNode {
  readonly host: string
  /** Its machine: all that is started on this node runs there. */
  readonly place: Place
  readonly state: string
  readonly #command: string
  readonly #definition: string
  #child: Child | null = null

  constructor(host: string, definition: string, state: string, command: string, place: Place) {
    this.host = host
    this.place = place
    this.state = state
    this.#command = command
    this.#definition = definition
    mkdirSync(state, { recursive: true })
  }

  get child(): Child {
    if (!this.#child) throw new Error(`the node ${this.host} was not started`)
    return this.#child
  }

  /** Resolves when it says that processes may come. `place`: within its machine, a container for instance. */
  async start(env: Readonly<Record<string, string>> = {}, place?: Place): Promise<void> {
    await this.launch(env, place).says(/\bready: /)
  }

  launch(env: Readonly<Record<string, string>> = {}, place: Place = here): Child {
    this.#child = new Child({
      name: `cluster ${this.host}`,
      arguments: [this.#command, 'cluster', '--definition', this.#definition, '--host', this.host],
      env: { TIDINGS_STATE: this.state, UV_THREADPOOL_SIZE: threads, ...env },
      cwd: this.state,
      place: inside(this.place, place),
      ipc: true,
    })
    return this.#child
  }

  end(signal: NodeJS.Signals): Promise<Ending> {
    return this.child.end(signal)
  }
}

/** What a command of the command line has done. */
export interface CommandResult extends Ending {
  readonly output: string
  readonly log: string
}

/** A cluster of real processes: its nodes, and whatever a test opens on them. */
export class TestCluster {
  readonly shape: Shape
  readonly definition: string
  readonly ports: ClusterPorts
  /** Where its keys are, with `keys`. */
  readonly keyFile: string
  readonly nodes: readonly TestNode[]
  readonly #directory: string
  readonly #product: Product | null

  private constructor(
    shape: Shape,
    hosts: readonly string[],
    ports: ClusterPorts,
    { machines, product, keys, items }: Stage,
  ) {
    this.shape = shape
    this.ports = ports
    this.#directory = scratchDirectory()
    this.#product = product ?? null
    this.keyFile = join(this.#directory, 'tidings.key')
    if (keys) writeKeyFile(this.keyFile, keys)
    const more = { ...(keys && { TidingsKeyFile: this.keyFile }), ...items }
    this.definition = writeDefinition(this.#directory, shape, hosts, ports, more)
    const started = machines ? hosts.slice(0, machines.length) : hosts
    this.nodes = started.map((host, index) => {
      const state = join(this.#directory, host)
      const place = machines?.[index]?.place ?? here
      return new TestNode(host, this.definition, state, this.#command, place)
    })
  }

  /** Ports and a definition, and nobody at them. */
  static async reserve(shape: Shape, nodes?: number, stage: Stage = {}): Promise<TestCluster> {
    const { machines } = stage
    if (machines) {
      const hosts = stage.hosts ?? machines.map(({ name }) => name)
      return new TestCluster(shape, hosts, portsOfAMachine, stage)
    }
    const hosts = nodeAddresses(nodes ?? (isLinked(shape) ? 3 : 1))
    return new TestCluster(shape, hosts, await freeClusterPorts(hosts[0] as string), stage)
  }

  static async start(shape: Shape, nodes?: number, stage: Stage = {}): Promise<TestCluster> {
    const cluster = await TestCluster.reserve(shape, nodes, stage)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    return cluster
  }

  node(index = 0): TestNode {
    const node = this.nodes[index]
    if (!node) throw new Error(`there is no node ${index}`)
    return node
  }

  /** Starts an application process and opens its queue on a node. */
  async open(
    name: string,
    options: Partial<OpenOptions> = {},
    node = 0,
    place: Place = here,
  ): Promise<Application> {
    const where = inside(this.node(node).place, place)
    const application = new Application(`${name} ${this.node(node).host}`, where)
    const isScript = options.script !== undefined
    await application.open({
      ...(!isScript && { process: name }),
      definition: this.definition,
      host: this.node(node).host,
      ...options,
    } as OpenOptions)
    return application
  }

  /**
   * Starts a program of an application, which opens its queue as users do, without a word about the
   * cluster; what it prints is kept. The first argument is the script: a path, or of `product.write()`.
   */
  program(words: readonly string[], node = 0, place: Place = here): Child {
    const { host, state, place: machine } = this.node(node)
    return new Child({
      name: `${words.join(' ')} on ${host}`,
      arguments: words,
      env: { TIDINGS_DEFINITION: this.definition, TIDINGS_HOST: host, TIDINGS_STATE: state },
      cwd: this.#product?.folder ?? this.#directory,
      place: inside(machine, place),
      ipc: false,
      keepsOutput: true,
    })
  }

  /** Starts Node beside the cluster, with the packages of this checkout. */
  spawn(words: readonly string[], place: Place): Child {
    return new Child({ name: words.join(' '), arguments: words, place, ipc: false })
  }

  /** Starts a command of the command line on a node. */
  command(words: readonly string[], node = 0): Child {
    const [word = '', ...rest] = words
    const place = ['--definition', this.definition, '--host', this.node(node).host]
    return new Child({
      name: `tidings ${word}`,
      arguments: [this.#command, word, ...place, ...rest],
      env: { TIDINGS_STATE: join(this.#directory, 'command') },
      place: this.node(node).place,
      ipc: false,
      keepsOutput: true,
    })
  }

  /** Runs one to its end. */
  async run(words: readonly string[], input = '', node = 0): Promise<CommandResult> {
    const child = this.command(words, node)
    child.process.stdin?.end(input)
    const ending = await child.ended
    return { ...ending, output: child.output, log: child.log }
  }

  get #command(): string {
    return this.#product?.command ?? command
  }

  async snapshot(node = 0): Promise<ClusterSnapshot> {
    const { code, output, log } = await this.run(['mon', '--json'], '', node)
    if (code !== 0) throw new Error(`mon ended with ${code}: ${log}`)
    return JSON.parse(output) as ClusterSnapshot
  }
}
