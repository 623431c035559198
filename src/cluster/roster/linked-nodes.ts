import type { Whisper } from '../membership/whisper.ts'
import { NodeChannel } from '../membership/node-channel.ts'
import type { RosterGain } from './remote-roster.ts'
import type { Roster } from './roster.ts'
import type { SavedRemote } from './roster-file.ts'

/** The exchange of rosters with all nodes that ours is linked to. */
export class LinkedNodes {
  readonly #channels = new Map<string, NodeChannel>()

  /** `kept`: up to where the last run knew their rosters. */
  constructor(
    nodes: readonly string[],
    own: Roster,
    toNode: (node: string, whisper: Whisper) => void,
    kept: readonly SavedRemote[],
  ) {
    for (const node of nodes) {
      const whisper = (message: Whisper) => toNode(node, message)
      const known = kept.find((each) => each.node === node) ?? null
      this.#channels.set(node, new NodeChannel(node, own, whisper, known))
    }
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
    return [...this.#channels.values()].map(({ remote }) => remote.tick(now))
  }

  /** Forgets entries that the cluster's roster has let go. */
  keepOnly(has: (incarnation: string) => boolean): void {
    for (const { remote } of this.#channels.values()) remote.keepOnly(has)
  }
}
