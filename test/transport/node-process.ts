import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Settings } from '../../src/definition/settings.ts'
import type { NodeMode } from '../../src/model/roster-entry.ts'
import { freePorts } from '../harness/loopback.ts'
import type {
  SmallClusterCommand,
  SmallClusterOptions,
  SmallClusterPorts,
  SmallClusterReport,
} from './small-cluster.ts'

/** The ports of one node, in a process of their own that can be killed and started again. */
export class NodeProcess {
  readonly ports: SmallClusterPorts
  readonly #clusterPort: number
  #child: ChildProcess | null = null

  private constructor(ports: SmallClusterPorts, clusterPort: number) {
    this.ports = ports
    this.#clusterPort = clusterPort
  }

  static async start(options: Partial<SmallClusterOptions> = {}): Promise<NodeProcess> {
    const node = await NodeProcess.reserve()
    await node.run(options)
    return node
  }

  /** Ports without anybody at them. */
  static async reserve(): Promise<NodeProcess> {
    // All at once: of two draws one could give a port that the other gave.
    const [inbound = 0, outbound = 0, registry = 0, exported = 0, relay = 0, cluster = 0] =
      await freePorts('127.0.0.1', 6)
    return new NodeProcess({ inbound, outbound, registry, export: exported, relay }, cluster)
  }

  async run(options: Partial<SmallClusterOptions> = {}): Promise<void> {
    const all = { linked: false, history: null, ...options, ports: this.ports }
    await this.#start('small-cluster.ts', [JSON.stringify(all)])
  }

  /** The real one, instead of the small one; `state` is the directory of its roster file. */
  async runGenesisCluster(address: string, mode: NodeMode, state: string): Promise<void> {
    const node = { name: address, ports: { ...this.ports, cluster: this.#clusterPort } }
    const settings: Settings = {
      layer: 'ZeroMQ',
      system: null,
      mode,
      link: 'none',
      nodes: [node],
      hostsQuery: null,
      beaconPort: 0,
      clusterName: '',
      node,
      services: [],
      processPorts: { first: 11_000, last: 55_535 },
      connectViaLoopback: false,
      relayIntervalMs: 0,
    }
    await this.#start('genesis-cluster.ts', [JSON.stringify(settings), state])
  }

  async #start(script: string, options: readonly string[]): Promise<void> {
    this.#child = fork(join(import.meta.dirname, script), options, {
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    let complaint = ''
    this.#child.stderr?.on('data', (text) => (complaint += String(text)))
    const early = once(this.#child, 'exit').then(([code]) => `it ended with ${String(code)}`)
    const word = once(this.#child, 'message').then(([message]) => String(message))
    const said = await Promise.race([word, early])
    if (said !== 'ready') throw new Error(`the node did not start: ${said}\n${complaint}`)
  }

  tell(command: SmallClusterCommand): void {
    this.#child?.send(command)
  }

  async report(): Promise<SmallClusterReport> {
    const child = this.#child as ChildProcess
    const answer = once(child, 'message')
    this.tell({ do: 'report' })
    return ((await answer) as [SmallClusterReport])[0]
  }

  /** SIGKILL: nothing is said to anybody. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    this.#child = null
  }
}
