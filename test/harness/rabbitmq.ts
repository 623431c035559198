import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from './child.ts'
import { eventually } from './eventually.ts'
import { answersAt } from './answers-at.ts'
import { freePorts } from './loopback.ts'
import { programPath } from './program-path.ts'
import { scratchDirectory } from './scratch.ts'

/** Where Debian and Ubuntu have the program itself: what stands on the PATH becomes the user of the system's service. */
export const rabbitmqServer = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** What the nodes of one broker have in common. */
interface Common {
  readonly folder: string
  readonly epmdPort: number
  readonly names: readonly string[]
}

/**
 * One node of a real RabbitMQ with its MQTT plugin, at ports and in a folder of its own; the service of the system is left
 * alone. It goes with the processes of the test. Its start takes 10 to 20 s: a file of tests has one.
 */
export class RabbitMq {
  readonly port: number
  readonly #name: string
  readonly #common: Common
  readonly #distributionPort: number
  #child: Child | null = null

  private constructor(
    name: string,
    common: Common,
    [port, amqpPort, distributionPort]: readonly [number, number, number],
  ) {
    this.#name = name
    this.#common = common
    this.port = port
    this.#distributionPort = distributionPort
    mkdirSync(this.#folder)
    const isCluster = common.names.length > 1
    const peers = common.names.map(
      (each, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${nodeOf(each)}`,
    )
    writeFileSync(
      join(this.#folder, 'rabbitmq.conf'),
      [
        `listeners.tcp.1 = 127.0.0.1:${amqpPort}`,
        `mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
        'mqtt.allow_anonymous = true',
        'mqtt.tcp_listen_options.nodelay = true',
        'log.console = true',
        'log.console.level = info',
        ...(isCluster
          ? ['cluster_formation.peer_discovery_backend = classic_config', ...peers]
          : []),
        '',
      ].join('\n'),
    )
    writeFileSync(join(this.#folder, 'plugins'), '[rabbitmq_mqtt].\n')
  }

  static async start(): Promise<RabbitMq> {
    const [broker] = await RabbitMq.cluster(['one'])
    if (!broker) throw new Error('a cluster of one has one node')
    return broker
  }

  /** Nodes that are one broker. They start one after the other, so that the later ones join the first. */
  static async cluster(names: readonly string[]): Promise<RabbitMq[]> {
    const folder = scratchDirectory()
    const cookie = join(folder, '.erlang.cookie')
    writeFileSync(cookie, folder.replaceAll(/\W/g, ''))
    chmodSync(cookie, 0o400)
    const [epmdPort = 0, ...ports] = await freePorts('127.0.0.1', 1 + 3 * names.length)
    // A node would start one that outlives it.
    startProgram('epmd', 'epmd', ['-port', String(epmdPort), '-address', '127.0.0.1'])
    await eventually('epmd answers', () => answersAt(epmdPort))
    const common = { folder, epmdPort, names }
    const nodes: RabbitMq[] = []
    for (const [index, name] of names.entries()) {
      const [port = 0, amqpPort = 0, distributionPort = 0] = ports.slice(3 * index)
      const node = new RabbitMq(name, common, [port, amqpPort, distributionPort])
      await node.start()
      nodes.push(node)
    }
    return nodes
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`
  }

  get log(): string {
    return this.#child?.log ?? ''
  }

  async start(): Promise<void> {
    const { folder, epmdPort } = this.#common
    this.#child = new Child({
      name: `rabbitmq ${this.#name}`,
      program: rabbitmqServer,
      arguments: [],
      ipc: false,
      env: {
        HOME: folder,
        ERL_EPMD_PORT: String(epmdPort),
        ERL_EPMD_ADDRESS: '127.0.0.1',
        RABBITMQ_NODENAME: nodeOf(this.#name),
        RABBITMQ_MNESIA_BASE: join(this.#folder, 'data'),
        RABBITMQ_LOG_BASE: join(this.#folder, 'log'),
        RABBITMQ_LOGS: '-',
        RABBITMQ_ENABLED_PLUGINS_FILE: join(this.#folder, 'plugins'),
        RABBITMQ_CONFIG_FILE: join(this.#folder, 'rabbitmq.conf'),
        RABBITMQ_CONF_ENV_FILE: join(this.#folder, 'none'),
        RABBITMQ_DIST_PORT: String(this.#distributionPort),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
        // The shell makes way for the broker, so that a signal reaches it.
        RUNNING_UNDER_SYSTEMD: 'true',
      },
    })
    await this.#child.says(/Server startup complete/)
  }

  /** `SIGKILL`: without a word to anybody. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#child?.end(signal)
  }

  get #folder(): string {
    return join(this.#common.folder, this.#name)
  }
}

const nodeOf = (name: string): string => `${name}@localhost`

function startProgram(name: string, program: string, words: readonly string[]): Child {
  const path = programPath(program)
  if (path === null) throw new Error(`${program} is not installed`)
  return new Child({ name, program: path, arguments: words, ipc: false })
}
