import { TidingsError } from '../../base/tidings-error.ts'
import { isLoopbackAddress } from '../../definition/machine.ts'
import type { Settings } from '../../definition/settings.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import type { AccessList } from '../../sockets/access-list.ts'
import type { NodeAddresses } from './addresses.ts'
import { isEveryAddress, knownAddresses } from './addresses.ts'
import type { OnClusterEvent } from '../cluster-event.ts'
import type { HostNames } from './host-names.ts'
import type { Contact, NodeDirectory } from './node-directory.ts'
import { tcpEndpoint } from '../../base/host-port.ts'

interface FixedHostsOptions {
  readonly settings: Settings
  readonly names: HostNames
  /** By what was known when the ports were bound. */
  readonly addresses: NodeAddresses
  readonly access: AccessList
  readonly on: OnClusterEvent
  readonly state: (node: string) => NodeState
  /** Our connection to that node stands. */
  readonly isReached: (node: string) => boolean
  /** A connection from there was denied, and why. */
  readonly denied: (address: string, why: string) => void
  /** `addresses` are other ones from now on. */
  readonly changed: () => void
  readonly failed: (error: TidingsError) => void
}

/**
 * The nodes of the definition: keeps the addresses of their hosts and the access list by their names, and tells which do
 * not resolve.
 */
export class FixedHosts implements NodeDirectory {
  readonly #options: FixedHostsOptions
  #addresses: NodeAddresses
  #isCutOff = false
  /** Who was not reached at the last tick, at the address in use. */
  #lost: ReadonlySet<string> = new Set()
  #closed = false

  constructor(options: FixedHostsOptions) {
    this.#options = options
    this.#addresses = options.addresses
    options.names.watch(() => this.#learned())
  }

  get others(): ReadonlyMap<string, string | null> {
    return this.#addresses.others
  }

  /** Each host of the definition is a node of its name. */
  get unnamed(): readonly string[] {
    return []
  }

  get contacts(): readonly Contact[] {
    const { settings } = this.#options
    return settings.nodes.flatMap(({ name, ports }) => {
      const address = this.others.get(name)
      return address ? [{ id: name, endpoint: tcpEndpoint(address, ports.cluster) }] : []
    })
  }

  get advertised(): string {
    return this.#addresses.advertised
  }

  refusal(node: string): string | null {
    return this.others.has(node) ? null : `the definition does not list ${node}`
  }

  /** Nothing new: where it is its name says. */
  greeted(): void {}

  /** Each host of the definition is looked for anyway. */
  noticed(): void {}

  denied(address: string): void {
    this.#options.denied(address, 'the definition does not list it')
  }

  /** What the start did not wait for is taken when it comes. */
  begin(): void {
    this.#tell()
    if (this.#options.names.unresolved.length > 0) this.#options.names.refresh()
  }

  /** Nobody is looked for while all are alive and reached: a host that was unknown, or has moved, is found again. */
  tick(): void {
    const { names, state, isReached } = this.#options
    const nodes = [...this.#addresses.others.keys()]
    const lost = nodes.filter((node) => !isReached(node))
    const allAlive = nodes.every((node) => state(node) === 'alive')
    if (allAlive && lost.length === 0 && names.unresolved.length === 0) return
    // One of several addresses of a host may be that of a machine which is no more.
    for (const node of this.#unreached(lost)) names.turn(node)
    this.#take()
    names.refresh()
  }

  /** Those that were not reached for two ticks: a handshake between hosts that are far apart takes its time. */
  #unreached(lost: readonly string[]): string[] {
    const again = lost.filter((node) => this.#lost.has(node))
    this.#lost = new Set(lost.filter((node) => !this.#lost.has(node)))
    return again
  }

  close(): void {
    this.#closed = true
    this.#options.names.close()
  }

  /** One name is answered: what it says holds at once, whoever else is still waited for. */
  #learned(): void {
    try {
      this.#take()
    } catch (error) {
      this.#options.failed(TidingsError.from(error))
    }
  }

  #take(): void {
    if (this.#closed) return
    const { settings, names, access, changed } = this.#options
    this.#addresses = knownAddresses(settings, names)
    access.load(this.#addresses.allowed)
    this.#tell()
    changed()
  }

  /** Which names do not resolve, and whom nobody can reach at the addresses that are bound. */
  #tell(): void {
    for (const sentence of this.#options.names.news()) this.#warn(sentence)
    const { bind } = this.#options.addresses
    const { bind: wanted, others } = this.#addresses
    if (!isLoopbackAddress(bind) || isLoopbackAddress(wanted) || this.#isCutOff) return
    this.#isCutOff = true
    const beyond = [...others].filter(
      ([, address]) => address !== null && !isLoopbackAddress(address),
    )
    const named = beyond.map(([node, address]) => `${node} (${address})`).join(', ')
    this.#warn(
      `this node is bound to ${bind} alone, and ${named || 'other nodes'} cannot reach it there: ` +
        `start GENESIS_CLUSTER again to bind it to ${isEveryAddress(wanted) ? 'all addresses' : wanted}`,
    )
  }

  #warn(message: string): void {
    this.#options.on({ type: 'warning', message })
  }
}
