import { hostPort } from '../../../base/host-port.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import { type Refusal, refusalText } from '../../../sockets/keys/refusal.ts'
import type { Condition } from '../../condition.ts'
import { unreachable, type ZeroMQTransportOptions } from '../transport-options.ts'
import type { ClusterHop } from './endpoints.ts'
import { connectsInTime } from './late-connection.ts'

/** What is here already is read within it, milliseconds. */
const ownStallMs = 20

/** What is known of GENESIS_CLUSTER and its ports now. */
export interface ClusterSight {
  /** When it was heard last. */
  heardAt(): number
  /** The port takes connections, and may finish a handshake yet. */
  isTaken(hop: ClusterHop): boolean
  /** Why it does not let us in at this port; null: nothing is known of that. */
  refusal(hop: ClusterHop): Refusal | null
  /** Why it lets us wait, as it said last: another bears our name. */
  waiting(): string | null
  /** Why there is nothing to wait for any more. */
  failure(): TidingsError | null
}

type ReachOptions = Pick<
  ZeroMQTransportOptions,
  'clock' | 'clusterTimeoutMs' | 'hostProblem' | 'nodeAddress' | 'ports'
>

/** Waits for the ports of GENESIS_CLUSTER, and says what stands against it where it waits in vain. */
export class ClusterReach {
  readonly #options: ReachOptions
  readonly #condition: Condition
  readonly #sight: ClusterSight

  constructor(options: ReachOptions, condition: Condition, sight: ClusterSight) {
    this.#options = options
    this.#condition = condition
    this.#sight = sight
  }

  /**
   * As long as GENESIS_CLUSTER is heard it is not unreachable, however long it takes to answer, or to finish a
   * handshake at a port that takes connections; where nobody takes them, that is told. Until `deadline` we wait for
   * a first word of it, and for a name that another bears.
   */
  async until(
    hop: ClusterHop,
    holds: () => boolean,
    deadline: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, clusterTimeoutMs, ports } = this.#options
    const isRegistry = hop === 'registry'
    const began = isRegistry ? -Infinity : clock.now()
    const isSlow = () => isRegistry || this.#sight.isTaken(hop)
    const look = () => {
      const failure = this.#sight.failure()
      if (failure) throw failure
      return holds()
    }
    const left = () => {
      const since = isSlow() ? Math.max(began, this.#sight.heardAt()) : began
      return Math.max(deadline, since + clusterTimeoutMs) - clock.now()
    }
    for (let ms = left(); ms > 0; ms = left()) {
      if (await this.#condition.until(look, ms, signal)) return
      const waiting = this.#sight.waiting()
      if (waiting !== null && clock.now() >= deadline) throw new TidingsError('NAME_TAKEN', waiting)
      // What has come while this process itself stood still is read before it is judged.
      if (await this.#condition.until(look, ownStallMs, signal)) return
    }
    throw this.#inVain(hop, isSlow() ? undefined : ports.registry)
  }

  /** Of a connection that is made late, with the first update: for as long as GENESIS_CLUSTER may be away itself. */
  async late(hop: ClusterHop, isConnected: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, clusterTimeoutMs, ports } = this.#options
    const isTaken = () => this.#sight.isTaken(hop)
    const connection = { isConnected, isTaken, heardAt: () => this.#sight.heardAt() }
    if (!(await connectsInTime(connection, this.#condition, clock, clusterTimeoutMs, signal)))
      throw this.#inVain(hop, ports.registry)
  }

  #inVain(hop: ClusterHop, answersAt: number | undefined): TidingsError {
    const { clusterTimeoutMs, hostProblem, nodeAddress, ports } = this.#options
    const refusal = this.#sight.refusal(hop)
    if (refusal !== null) return accessDenied(nodeAddress, ports[hop], hop, refusal)
    return unreachable(nodeAddress, ports[hop], hop, clusterTimeoutMs, answersAt, hostProblem)
  }
}

/** It is there, and does not let us in: that is not to be looked for in the network. */
export function accessDenied(
  address: string,
  port: number,
  hop: ClusterHop,
  refusal: Refusal,
): TidingsError {
  const who = `GENESIS_CLUSTER at ${hostPort(address, port)} (${hop})`
  return new TidingsError('ACCESS_DENIED', refusalText(refusal, who))
}
