import type { ChildProcess } from 'node:child_process'
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ClusterEvent } from '../../src/cluster/cluster-event.ts'
import type { NodePorts, NodeSettings, Settings } from '../../src/definition/settings.ts'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'
import { freeClusterPorts } from '../harness/definition-file.ts'
import { eventually } from '../harness/eventually.ts'

export type ChildOrder =
  | { readonly type: 'snapshot' }
  | { readonly type: 'close' }
  | { readonly type: 'block'; readonly until: string }
  | { readonly type: 'end-proxy'; readonly place: number }

export type ChildReport =
  | { readonly type: 'event'; readonly event: ClusterEvent }
  | {
      readonly type: 'started'
      readonly ports: NodePorts & { processPort: number; zeromqPort: number }
    }
  | { readonly type: 'snapshot'; readonly snapshot: ClusterSnapshot }
  | { readonly type: 'blocking' }
  | { readonly type: 'unblocked' }
  | { readonly type: 'closed' }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }

/** The nodes of a definition, each at a loopback address of its own. */
export async function nodesAt(...addresses: string[]): Promise<NodeSettings[]> {
  return Promise.all(addresses.map(async (name) => ({ name, ports: await freeClusterPorts(name) })))
}

export function settingsOf(
  nodes: readonly NodeSettings[],
  place = 0,
  more: Partial<Settings> = {},
): Settings {
  const node = nodes[place]
  if (!node) throw new Error(`no node ${place}`)
  const link = nodes.length > 1 ? 'relay' : 'none'
  const processPorts = { first: 11_000, last: 55_535 }
  const rest = {
    services: [],
    beaconPort: 0,
    processPorts,
    connectViaLoopback: false,
    relayIntervalMs: 0,
    ...more,
  }
  const [hostsQuery, clusterName] = [null, '']
  return {
    layer: 'ZeroMQ',
    system: null,
    mode: 'mesh',
    link,
    nodes,
    hostsQuery,
    clusterName,
    node,
    ...rest,
  }
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

  /** Resolves when the process has ended by itself. */
  async close(): Promise<void> {
    this.order({ type: 'close' })
    await this.report('closed')
    await this.#exited
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
