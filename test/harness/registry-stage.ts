import { PortPool } from '../../src/cluster/bus/port-pool.ts'
import { Registry, type RegisterOutcome } from '../../src/cluster/roster/registry.ts'
import { Roster } from '../../src/cluster/roster/roster.ts'
import type { Registration } from '../../src/model/roster-entry.ts'
import { registrationOf } from './registration.ts'

const nodePorts = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

/** The registry of node a in mesh mode, with 11000 as the port of a service and 21001 listened at. */
export class RegistryStage {
  readonly roster = new Roster('a', 'h', 0)
  /** Connections on which a process was asked whether it is there. */
  readonly asked: string[] = []
  registry = this.#newRegistry(0)

  /** GENESIS_CLUSTER starts anew at this time, with the roster as it is. */
  restart(now: number): void {
    this.registry = this.#newRegistry(now)
  }

  /** Each incarnation has a connection of its own, named like it. */
  register(
    incarnation: string,
    more: Partial<Registration> = {},
    now = 0,
    wantsPort = false,
  ): RegisterOutcome {
    const seen = { history: null, version: 0 }
    const message = { type: 'register', id: 1, seen, wantsPort } as const
    const registration = registrationOf(incarnation, more)
    return this.registry.register({ ...message, registration }, incarnation, now)
  }

  /** Registers whoever need not wait any longer. */
  registerWaiting(now: number): RegisterOutcome[] {
    const outcomes: RegisterOutcome[] = []
    for (let claim = this.registry.readyClaim(now); claim; claim = this.registry.readyClaim(now))
      outcomes.push(this.registry.register(claim.message, claim.route, now))
    return outcomes
  }

  stateOf(incarnation: string) {
    return this.roster.get(incarnation)?.state
  }

  #newRegistry(now: number): Registry {
    return new Registry({
      roster: this.roster,
      mode: 'mesh',
      ports: new PortPool(nodePorts, [11_000], { first: 11_000, last: 55_535 }),
      listening: () => new Set([21_001]),
      ask: (route) => this.asked.push(route),
      now,
    })
  }
}
