import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'
import type { OpenOptions } from '../../src/queue/options.ts'
import { Application } from './application.ts'
import type { Ending } from './child.ts'
import { Child, repository } from './child.ts'
import type { ClusterPorts, Shape } from './definition-file.ts'
import { freeClusterPorts, isRelay, writeDefinition } from './definition-file.ts'
import { nodeAddresses } from './loopback.ts'
import { scratchDirectory } from './scratch.ts'

export const command = join(repository, 'bin', 'tidings.js')

/** Threads that GENESIS_CLUSTER starts itself again to have; given at once, the start takes half as long. */
const threads = '64'

/** One GENESIS_CLUSTER process, which can be ended and started again on the same ports. */
export class TestNode {
  readonly host: string
  readonly #definition: string
  readonly #state: string
  #child: Child | null = null

  constructor(host: string, definition: string, state: string) {
    this.host = host
    this.#definition = definition
    this.#state = state
    mkdirSync(state, { recursive: true })
  }

  get child(): Child {
    if (!this.#child) throw new Error(`the node ${this.host} was not started`)
    return this.#child
  }

  /** Resolves when it says that processes may come. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.launch(env).says(/^ready/m)
  }

  launch(env: Readonly<Record<string, string>> = {}): Child {
    this.#child = new Child({
      name: `cluster ${this.host}`,
      arguments: [command, 'cluster', '--definition', this.#definition, '--host', this.host],
      env: { TIDINGS_STATE: this.#state, UV_THREADPOOL_SIZE: threads, ...env },
      cwd: this.#state,
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
  readonly nodes: readonly TestNode[]
  readonly #directory: string

  private constructor(
    shape: Shape,
    directory: string,
    hosts: readonly string[],
    ports: ClusterPorts,
  ) {
    this.shape = shape
    this.ports = ports
    this.#directory = directory
    this.definition = writeDefinition(directory, shape, hosts, ports)
    this.nodes = hosts.map((host) => new TestNode(host, this.definition, join(directory, host)))
  }

  /** Ports and a definition, and nobody at them. */
  static async reserve(shape: Shape, nodes = isRelay(shape) ? 3 : 1): Promise<TestCluster> {
    const hosts = nodeAddresses(nodes)
    const directory = scratchDirectory()
    return new TestCluster(shape, directory, hosts, await freeClusterPorts(hosts[0] as string))
  }

  static async start(shape: Shape, nodes?: number): Promise<TestCluster> {
    const cluster = await TestCluster.reserve(shape, nodes)
    await Promise.all(cluster.nodes.map((node) => node.start()))
    return cluster
  }

  node(index = 0): TestNode {
    const node = this.nodes[index]
    if (!node) throw new Error(`there is no node ${index}`)
    return node
  }

  /** Starts an application process and opens its queue on a node. */
  async open(name: string, options: Partial<OpenOptions> = {}, node = 0): Promise<Application> {
    const application = new Application(`${name} ${this.node(node).host}`)
    const isScript = options.script !== undefined
    await application.open({
      ...(!isScript && { process: name }),
      definition: this.definition,
      host: this.node(node).host,
      ...options,
    })
    return application
  }

  /** Starts a command of the command line on a node. */
  command(words: readonly string[], node = 0): Child {
    const [word = '', ...rest] = words
    const place = ['--definition', this.definition, '--host', this.node(node).host]
    return new Child({
      name: `tidings ${word}`,
      arguments: [command, word, ...place, ...rest],
      env: { TIDINGS_STATE: join(this.#directory, 'command') },
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

  async snapshot(node = 0): Promise<ClusterSnapshot> {
    const { code, output, log } = await this.run(['mon', '--json'], '', node)
    if (code !== 0) throw new Error(`mon ended with ${code}: ${log}`)
    return JSON.parse(output) as ClusterSnapshot
  }
}
