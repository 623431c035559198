import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import type { NodePorts, NodeSettings, Settings } from '../../src/definition/settings.ts'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'

export type ChildOrder =
  | { readonly type: 'snapshot' }
  | { readonly type: 'close' }
  | { readonly type: 'block'; readonly ms: number }
  | { readonly type: 'end-proxy'; readonly place: number }

export type ChildReport =
  | { readonly type: 'event'; readonly event: ClusterEvent }
  | {
      readonly type: 'started'
      readonly ports: NodePorts & { processPort: number; zeromqPort: number }
    }
  | { readonly type: 'snapshot'; readonly snapshot: ClusterSnapshot }
  | { readonly type: 'blocking' }
  | { readonly type: 'closed'; readonly ms: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** How long a condition may take, milliseconds, before the test says what it waited for. */
const patienceMs = 20_000

/** Resolves with the first value of `look` that is neither undefined, null nor false. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== null && value !== false) return value
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function freePort(address: string): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, address, resolve)
  })
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

export async function freePorts(address: string): Promise<NodePorts> {
  const ports = new Set<number>()
  while (ports.size < 6) ports.add(await freePort(address))
  const [inbound = 0, outbound = 0, cluster = 0, registry = 0, relay = 0, exported = 0] = ports
  return { inbound, outbound, cluster, registry, relay, export: exported }
}

/** The nodes of a definition, each at a loopback address of its own. */
export async function nodesAt(...addresses: string[]): Promise<NodeSettings[]> {
  return Promise.all(addresses.map(async (name) => ({ name, ports: await freePorts(name) })))
}

export function settingsOf(
  nodes: readonly NodeSettings[],
  place = 0,
  more: Partial<Settings> = {},
): Settings {
  const node = nodes[place]
  if (!node) throw new Error(`no node ${place}`)
  const link = nodes.length > 1 ? 'relay' : 'none'
  const rest = { services: [], connectViaLoopback: false, relayIntervalMs: 0, ...more }
  return { layer: 'ZeroMQ', system: null, mode: 'mesh', link, nodes, node, ...rest }
}

const running = new Set<RunningCluster>()
const directories: string[] = []

export function stateDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'tidings-cluster-'))
  directories.push(directory)
  return directory
}

/** For `afterEach`: ends every child that is left, by its pid, also after a failure. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((cluster) => cluster.kill()))
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
}

export interface ChildOptions {
  readonly state?: string
  readonly threads?: number
}

/** GENESIS_CLUSTER in a process of its own. */
export class RunningCluster {
  readonly settings: Settings
  readonly reports: ChildReport[] = []
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #over = false

  constructor(settings: Settings, { state = stateDirectory(), threads = 32 }: ChildOptions = {}) {
    this.settings = settings
    const script = new URL('cluster-child.ts', import.meta.url)
    this.#child = fork(script, [JSON.stringify(settings), state], {
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
      execArgv: [],
    })
    this.#child.on('message', (report: ChildReport) => this.reports.push(report))
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()))
    void this.#exited.then(() => {
      this.#over = true
      running.delete(this)
    })
    running.add(this)
  }

  /** Resolves when processes may come. */
  static async start(settings: Settings, options: ChildOptions = {}): Promise<RunningCluster> {
    const cluster = new RunningCluster(settings, options)
    const first = await cluster.#find(
      'a start',
      ({ type }) => type === 'started' || type === 'failed',
    )
    if (first.type === 'failed') throw new Error(first.message)
    return cluster
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  at(port: keyof NodePorts): string {
    const { name, ports } = this.settings.node
    return `tcp://${name}:${ports[port]}`
  }

  order(order: ChildOrder): void {
    this.#child.send(order)
  }

  async report<T extends ChildReport['type']>(type: T): Promise<ChildReport & { type: T }> {
    const report = await this.#find(`the report ${type}`, (each) => each.type === type)
    return report as ChildReport & { type: T }
  }

  events(): ClusterEvent[] {
    return this.reports.flatMap((report) => (report.type === 'event' ? [report.event] : []))
  }

  /** Resolves with the first event, from `since` on, that fits. */
  event(what: string, fits: (event: ClusterEvent) => boolean, since = 0): Promise<ClusterEvent> {
    return eventually(what, () => this.events().slice(since).find(fits))
  }

  linkedTo(node: string, since = 0): Promise<ClusterEvent> {
    return this.event(
      `a link to ${node}`,
      (event) => event.type === 'link' && event.node === node && event.state === 'connected',
      since,
    )
  }

  /** Resolves when the process has ended by itself; how long closing took, milliseconds. */
  async close(): Promise<number> {
    this.order({ type: 'close' })
    const { ms } = await this.report('closed')
    await this.#exited
    return ms
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  exited(): Promise<void> {
    return this.#exited
  }

  #find(what: string, fits: (report: ChildReport) => boolean): Promise<ChildReport> {
    return eventually(what, () => {
      const report = this.reports.find(fits)
      if (report === undefined && this.#over) throw new Error(`the process ended before ${what}`)
      return report
    })
  }
}
