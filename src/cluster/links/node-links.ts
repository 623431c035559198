import type { NodeLink, NodeMode } from '../../model/roster-entry.ts'
import type { DataPath } from '../bus/data-path.ts'
import { misfitOf, type Peer } from '../membership/peers.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'

interface NodeLinksOptions {
  readonly mode: NodeMode
  readonly link: NodeLink
  readonly dataPath: Pick<DataPath, 'openLink' | 'closeLink'>
  /** null: it is not known where the node is. */
  readonly addressOf: (node: string) => string | null
  /** What subscriptions are told of it: who speaks another version, or is linked otherwise, is out of reach, though it is there. */
  readonly rosterState: (node: string, state: NodeState) => void
  readonly warn: (message: string) => void
}

/** Decides when a link to another node is due: when it is there, speaks our version, is linked as we are, and its address is known. */
export class NodeLinks {
  readonly #options: NodeLinksOptions
  /** Nodes that speak another version, or are linked otherwise. */
  readonly #foreign = new Set<string>()

  constructor(options: NodeLinksOptions) {
    this.#options = options
  }

  /** It has said who it is; `begins`: for the first time in this life. */
  greeted(peer: Peer, begins: boolean): void {
    if (begins) this.#check(peer)
    this.#open(peer)
  }

  /** `peer`: as it was heard last, if ever. */
  memberState(node: string, state: NodeState, peer: Peer | undefined): void {
    this.#options.rosterState(node, this.#foreign.has(node) ? 'gone' : state)
    if (state === 'gone') this.#options.dataPath.closeLink(node)
    else this.moved(state, peer)
  }

  /** It may be at another address than before. */
  moved(state: NodeState, peer: Peer | undefined): void {
    if (state === 'alive' && peer) this.#open(peer)
  }

  #open(peer: Peer): void {
    const { node, uuid, headers } = peer
    const address = this.#options.addressOf(node)
    if (headers === null || this.#misfitOf(peer) !== null || address === null) return
    this.#options.dataPath.openLink({ node, address, life: uuid, headers })
  }

  #check(peer: Peer): void {
    const { node, headers } = peer
    const { mode, rosterState, warn } = this.#options
    const misfit = this.#misfitOf(peer)
    if (this.#foreign.delete(node) && misfit === null) rosterState(node, 'alive')
    if (misfit !== null) {
      this.#foreign.add(node)
      rosterState(node, 'gone')
      warn(`node ${node} ${misfit}: it is not linked`)
      // Its life before may have fitted: a connection that libzmq makes anew would bring what nobody here reads.
      this.#options.dataPath.closeLink(node)
    } else if (headers && headers.mode !== mode)
      warn(`node ${node} runs in ${headers.mode} mode, this one in ${mode} mode`)
  }

  #misfitOf({ headers }: Peer): string | null {
    return misfitOf(headers, this.#options.link)
  }
}
