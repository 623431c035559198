import type { Clock } from '../../base/clock.ts'
import { hostPort } from '../../base/host-port.ts'
import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { KeySettings } from '../../model/key-ring.ts'
import type { NodeMode, ProcessRole } from '../../model/roster-entry.ts'
import type { ClusterHop, ClusterPorts } from './connections/endpoints.ts'

export interface ZeroMQTransportOptions {
  readonly mode: NodeMode
  readonly role: ProcessRole
  /** Where this node's GENESIS_CLUSTER has bound its ports: an address or a name. */
  readonly nodeAddress: string
  /** Why `nodeAddress` may be a wrong guess; left out or null: it is none. */
  readonly hostProblem?: string | null
  /** Where the processes of this node bind their ZeroMQ ports: an address; `0.0.0.0` and `::` are all. */
  readonly bindAddress: string
  /** Who may connect to our ZeroMQ port: addresses, or networks as address/bits. */
  readonly allowed: readonly string[]
  readonly ports: ClusterPorts
  /** The name of the cluster; left out: any. */
  readonly cluster?: string | undefined
  /** The keys of the cluster; left out or null: it has none. */
  readonly keys?: KeySettings | null
  /** How long `open()` waits for GENESIS_CLUSTER. */
  readonly clusterTimeoutMs: number
  /** Milliseconds of it that are over when `open()` is called; default 0. */
  readonly spentMs?: number
  /** False: it never subscribes, so in a mesh it needs no connections to the other processes. Default true. */
  readonly subscribes?: boolean
  /** The process port that this process is to have; left out or null: none is asked for. */
  readonly processPort?: number | null
  /** Let GENESIS_CLUSTER hand out a process port where `processPort` says none. */
  readonly wantsPort: boolean
  readonly clock: Clock
  readonly random: Random
}

/**
 * `hop`: which port it is, `ms`: how long it was waited for, `answersAt`: the port at which it did answer, if at any,
 * `hostProblem`: why `address` may be a wrong guess.
 */
export function unreachable(
  address: string,
  port: number,
  hop: ClusterHop,
  ms: number,
  answersAt?: number,
  hostProblem: string | null = null,
): TidingsError {
  const silent = `did not answer at ${hostPort(address, port)} (${hop}) within ${ms} ms`
  const message =
    answersAt === undefined
      ? `GENESIS_CLUSTER ${silent}: start it on this node with \`tidings cluster\`${hostProblem === null ? '' : `; ${hostProblem}`}`
      : `GENESIS_CLUSTER answers at ${hostPort(address, answersAt)}, but ${silent}: it seems to read another definition, so compare its ports with \`tidings check\``
  return new TidingsError('CLUSTER_UNREACHABLE', message)
}
