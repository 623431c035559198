import type { Whisper } from '../membership/whisper.ts'
import { NodeChannel } from '../membership/node-channel.ts'
import type { RosterGain } from './remote-roster.ts'
import { goneKeptMs } from './registry.ts'
import type { Settling } from './settling.ts'
import type { Roster } from './roster.ts'
import type { SavedRemote } from './roster-file.ts'

interface LinkedNodesOptions {
  /** Those that are known from the start. */
  readonly nodes: readonly string[]
  readonly own: Roster
  readonly toNode: (node: string, whisper: Whisper) => void
  /** Up to where the last run knew their rosters. */
  readonly kept: readonly SavedRemote[]
  readonly settling: Settling
  /** False: this node is alone. */
  readonly isLinked: boolean
}

/** The exchange of rosters with all nodes that ours is linked to. */
export class LinkedNodes {
  readonly #channels = new Map<string, NodeChannel>()
  readonly #options: LinkedNodesOptions
  /** Nodes that are no more, and since when: what they have told is let go as late as anybody who is silent. */
  readonly #forgotten = new Map<string, number>()

  constructor(options: LinkedNodesOptions) {
    this.#options = options
    for (const node of options.nodes) this.#open(node)
  }

  /** Updates cross to nodes that are there, or would to those that come. */
  get isLinked(): boolean {
    return this.#options.isLinked
  }

  get names(): string[] {
    return [...this.#channels.keys()]
  }

  /** A node that may be new is there. */
  join(node: string, now: number): void {
    this.#forgotten.delete(node)
    if (this.#channels.has(node)) return
    this.#options.settling.nodeJoined(node, now)
    this.#open(node)
  }

  /** It is no node of the cluster any more. */
  forget(node: string, now: number): void {
    this.#options.settling.nodeForgotten(node)
    if (this.#channels.has(node)) this.#forgotten.set(node, now)
  }

  /** At that address a node is to be, and none is heard. */
  missing(address: string): void {
    this.#options.settling.missing(address)
  }

  found(address: string): void {
    this.#options.settling.nodeForgotten(address)
  }

  /** undefined: no update crosses to that node, so neither does the roster. */
  get(node: string): NodeChannel | undefined {
    return this.#channels.get(node)
  }

  /** For the file. */
  known(): SavedRemote[] {
    return [...this.#channels.values()].flatMap(({ remote: { node, known } }) =>
      known === null ? [] : [{ node, ...known }],
    )
  }

  ask(): void {
    for (const channel of this.#channels.values()) channel.ask()
  }

  tell(now: number): void {
    for (const channel of this.#channels.values()) channel.tell(now)
  }

  tellAnew(now: number): void {
    for (const channel of this.#channels.values()) channel.tellAnew(now)
  }

  /** What the time that has passed says of their processes. */
  tick(now: number): RosterGain[] {
    const gains = [...this.#channels.values()].map(({ remote }) => remote.tick(now))
    for (const [node, since] of this.#forgotten) {
      if (now - since < goneKeptMs) break
      this.#forgotten.delete(node)
      const letGo = this.#channels.get(node)?.remote.letGo() ?? []
      this.#channels.delete(node)
      this.#options.own.forgetHistory(node)
      gains.push({ entries: [], letGo, forgot: false })
    }
    return gains
  }

  /** Forgets entries that the cluster's roster has let go. */
  keepOnly(has: (incarnation: string) => boolean): void {
    for (const { remote } of this.#channels.values()) remote.keepOnly(has)
  }

  #open(node: string): void {
    const { own, toNode, kept } = this.#options
    const whisper = (message: Whisper) => toNode(node, message)
    const known = kept.find((each) => each.node === node) ?? null
    this.#channels.set(node, new NodeChannel(node, own, whisper, known))
  }
}
