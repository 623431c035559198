import type { Clock } from '../../base/clock.ts'
import type { Settings } from '../../definition/settings.ts'
import type {
  ClusterSnapshot,
  NodeSnapshot,
  ShownNodeState,
  ProcessSnapshot,
} from '../../model/cluster-snapshot.ts'
import { type NodeSight, nothingSaid } from '../../model/cluster-snapshot.ts'
import type { LinksSnapshot } from '../../model/link-snapshot.ts'
import type { NodeSetup } from '../../model/node-setup.ts'
import type { Refusal } from '../../model/shut-out.ts'
import type { SnapshotPart } from '../../registration/snapshot-parts.ts'
import { SnapshotParts } from '../../registration/snapshot-parts.ts'
import { type Peer, whisperVersion } from '../membership/peers.ts'
import type { Whisper } from '../membership/whisper.ts'
import { WallClocks } from './wall-clocks.ts'

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
  /** As it was heard last, if ever. */
  readonly peer: (node: string) => Pick<Peer, 'headers'> | undefined
  /** Why it does not let this one in. */
  readonly refusal: (node: string) => Refusal | null
  /** What this node says of itself. */
  readonly setup: () => NodeSetup
  /** The processes of a node as the roster knows them. */
  readonly processes: (node: string) => ProcessSnapshot[]
  /** Those of this node. */
  readonly links: () => LinksSnapshot
  readonly whisper: (node: string, whisper: Whisper) => void
}

type Said = Omit<NodeSnapshot, keyof NodeSight>

/** What another node has said of itself, and when. */
type Figures = Said & { readonly at: number }

/** The cluster as this node sees it, for people. Figures of other nodes are asked for when they are wanted. */
export class ClusterView {
  readonly #options: ClusterViewOptions
  readonly #figures = new Map<string, Figures>()
  readonly #coming = new Map<string, SnapshotParts>()
  readonly #wallClocks = new WallClocks()
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
    const { clock, setup, processes, links, group, leftOut } =
      whole.nodes.find(({ name }) => name === node) ?? nothingSaid
    const at = this.#options.clock.now()
    this.#wallClocks.answered(node, clock, at)
    this.#figures.set(node, { at, clock, setup, processes, links, group, leftOut })
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
    for (const node of missing) {
      this.#wallClocks.asked(node, clock.now())
      whisper(node, { type: 'ask-snapshot' })
    }
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
    const { clock, setup, processes, links, group, leftOut } = this.#saidOf(name)
    return { ...this.#sightOf(name), clock, setup, processes, links, group, leftOut }
  }

  #sightOf(name: string): NodeSight {
    const { settings, address, state, peer, refusal } = this.#options
    const known = { name, address: address(name), state: state(name) }
    if (name === settings.node.name)
      return { ...known, wire: whisperVersion, link: settings.link, refusal: null }
    const heard = peer(name)
    const wire = heard === undefined ? null : (heard.headers?.wire ?? 0)
    return { ...known, wire, link: heard?.headers?.link || null, refusal: refusal(name) }
  }

  #saidOf(name: string): Said {
    const { settings, state, processes, clock } = this.#options
    if (name === settings.node.name) return this.#own()
    const figures = this.#figures.get(name)
    const isFresh = figures && clock.now() - figures.at < figuresKeptMs && state(name) === 'alive'
    if (!isFresh) return { ...nothingSaid, processes: processes(name) }
    return { ...figures, clock: this.#wallClocks.of(name, clock.now()) }
  }

  #own(): Said {
    const { settings, processes, links, setup, clock } = this.#options
    return {
      ...nothingSaid,
      clock: { wallClock: clock.wallClock(), withinMs: 0 },
      setup: setup(),
      processes: processes(settings.node.name),
      ...links(),
    }
  }
}
