import type { Registration } from '../../model/roster-entry.ts'
import type { RosterHandlers, RosterPlane } from '../transport.ts'
import type { MemoryMember } from './meeting/memory-member.ts'
import type { MemoryTransportOptions } from './transport-options.ts'

/** Says to the one roster of a cluster in memory who this process is. Of others the cluster tells its member. */
export class MemoryRosterPlane implements RosterPlane {
  readonly #options: MemoryTransportOptions
  readonly #tell: (tell: (handlers: RosterHandlers) => void) => void

  /** `tell`: soon, behind what was to be told before. */
  constructor(
    options: MemoryTransportOptions,
    tell: (tell: (handlers: RosterHandlers) => void) => void,
  ) {
    this.#options = options
    this.#tell = tell
  }

  /** @returns the registration with its place @throws TidingsError NAME_TAKEN */
  join(member: MemoryMember, registration: Registration): Registration {
    const { cluster, node } = this.#options
    const complete = cluster.join(member, { ...registration, node })
    this.#tell((told) => told.registered(complete))
    return complete
  }

  register(registration: Registration): void {
    const { cluster, node } = this.#options
    const { place } = cluster.entry(registration.incarnation) ?? registration
    const complete = { ...registration, node, place }
    cluster.put(complete)
    this.#tell((told) => told.registered(complete))
  }

  leave(member: MemoryMember): void {
    this.#options.cluster.leave(member)
  }
}
