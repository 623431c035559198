import type { Clock } from '../../base/clock.ts'
import type { Settings } from '../../definition/settings.ts'
import type {
  ClusterSnapshot,
  NodeSnapshot,
  ShownNodeState,
  ProcessSnapshot,
} from '../../model/cluster-snapshot.ts'
import { nothingSaid } from '../../model/cluster-snapshot.ts'
import type { LinksSnapshot } from '../../model/link-snapshot.ts'
import type { SnapshotPart } from '../../registration/snapshot-parts.ts'
import { SnapshotParts } from '../../registration/snapshot-parts.ts'
import type { Whisper } from '../membership/whisper.ts'

/** How long the other nodes may take to say their own figures, milliseconds; then what is known is shown. */
const refreshWithinMs = 500

/** How long figures of another node are shown, milliseconds; after that only its roster is. */
const figuresKeptMs = 10_000

interface ClusterViewOptions {
  readonly settings: Settings
  readonly clock: Clock
  /** The other nodes, by name. */
  readonly others: () => readonly string[]
  readonly address: (node: string) => string | null
  readonly state: (node: string) => ShownNodeState
  /** The processes of a node as the roster knows them. */
  readonly processes: (node: string) => ProcessSnapshot[]
  /** Those of this node. */
  readonly links: () => LinksSnapshot
  readonly whisper: (node: string, whisper: Whisper) => void
}

type Said = Omit<NodeSnapshot, 'name' | 'address' | 'state'>

/** What another node has said of itself, and when. */
type Figures = Said & { readonly at: number }

/** The cluster as this node sees it, for people. Figures of other nodes are asked for when they are wanted. */
export class ClusterView {
  readonly #options: ClusterViewOptions
  readonly #figures = new Map<string, Figures>()
  readonly #coming = new Map<string, SnapshotParts>()
  #refreshing: { missing: Set<string>; done: () => void; promise: Promise<void> } | null = null

  constructor(options: ClusterViewOptions) {
    this.#options = options
  }

  snapshot(): ClusterSnapshot {
    return this.#about(this.#nodes().map((name) => this.#node(name)))
  }

  /** What another node asks for: ours alone. */
  ownSnapshot(): ClusterSnapshot {
    return this.#about([this.#node(this.#options.settings.node.name)])
  }

  /** Another node's answer comes part by part. */
  take(node: string, part: SnapshotPart): void {
    const coming = this.#coming.get(node) ?? new SnapshotParts()
    this.#coming.set(node, coming)
    const whole = coming.take(part)
    if (whole === null) return
    const { processes, links, group, leftOut } =
      whole.nodes.find(({ name }) => name === node) ?? nothingSaid
    const at = this.#options.clock.now()
    this.#figures.set(node, { at, processes, links, group, leftOut })
    this.#refreshing?.missing.delete(node)
    if (this.#refreshing?.missing.size === 0) this.#refreshing.done()
  }

  /** Resolves when all live nodes have answered, or after `refreshWithinMs`. */
  refresh(): Promise<void> {
    if (this.#refreshing) return this.#refreshing.promise
    const { others, state, whisper, clock } = this.#options
    const missing = new Set(others().filter((name) => state(name) === 'alive'))
    if (missing.size === 0) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = clock.after(refreshWithinMs, () => this.#refreshing?.done())
    const done = () => {
      timer.cancel()
      this.#refreshing = null
      resolve()
    }
    this.#refreshing = { missing, done, promise }
    for (const node of missing) whisper(node, { type: 'ask-snapshot' })
    return promise
  }

  /** In the order of the definition; where nodes come and go this one first. */
  #nodes(): string[] {
    const { settings, others } = this.#options
    const all = new Set([settings.node.name, ...others()])
    const listed = settings.nodes.map(({ name }) => name).filter((name) => all.has(name))
    return [...new Set([...listed, ...all])]
  }

  #about(nodes: NodeSnapshot[]): ClusterSnapshot {
    const { system, node, mode, link } = this.#options.settings
    return { system, node: node.name, mode, link, nodes }
  }

  #node(name: string): NodeSnapshot {
    const { address, state } = this.#options
    const known = { name, address: address(name), state: state(name) }
    const { processes, links, group, leftOut } = this.#saidOf(name)
    return { ...known, processes, links, group, leftOut }
  }

  #saidOf(name: string): Said {
    const { settings, state, processes, links, clock } = this.#options
    if (name === settings.node.name)
      return { ...nothingSaid, processes: processes(name), ...links() }
    const figures = this.#figures.get(name)
    const isFresh = figures && clock.now() - figures.at < figuresKeptMs && state(name) === 'alive'
    return isFresh ? figures : { ...nothingSaid, processes: processes(name) }
  }
}
