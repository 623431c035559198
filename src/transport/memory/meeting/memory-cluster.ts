import { processName } from '../../../model/publisher-identity.ts'
import { isDeepStrictEqual } from 'node:util'
import { randomId } from '../../../base/random.ts'
import { TidingsError } from '../../../base/tidings-error.ts'
import type { Place } from '../../../model/place.ts'
import type {
  NodeMode,
  Registration,
  RosterChange,
  RosterEntry,
} from '../../../model/roster-entry.ts'
import type { MemoryMember, MemoryHub } from './memory-member.ts'
import { memoryPlace } from './memory-place.ts'
import { MemoryTransport } from '../memory-transport.ts'

/** Process ports handed out from here on; nobody listens at them. */
const firstProcessPort = 11_000

/** A queue of the cluster, as `openUpdateQueue()` gives it. */
type QueueOfCluster = { readonly identity: { readonly incarnation: string } }

export interface MemoryClusterOptions {
  /** Runs a task soon, tasks in their order; by default `setImmediate`. */
  readonly schedule?: ((task: () => void) => void) | undefined
  /** Whether processes of a node reach each other directly: then each is a hop of its own. */
  readonly mode?: NodeMode | undefined
}

/** A whole cluster in one process: no ports, no other processes, nothing lost. The roster is one object. */
export class MemoryCluster implements MemoryHub {
  readonly schedule: (task: () => void) => void
  readonly mode: NodeMode
  readonly #members = new Map<string, MemoryMember>()
  readonly #entries = new Map<string, RosterEntry>()
  readonly #histories = new Map<string, string>()
  #nextPort = firstProcessPort

  constructor(options: MemoryClusterOptions = {}) {
    this.schedule = options.schedule ?? setImmediate
    this.mode = options.mode ?? 'mesh'
  }

  /** A transport for one process of a node; nodes come into being by name. */
  transport(node = 'memory'): MemoryTransport {
    return new MemoryTransport({ cluster: this, node })
  }

  join(member: MemoryMember, registration: Registration): Registration {
    const twin = this.#twin(registration)
    if (twin) {
      const name = processName(registration)
      const why = `${name} runs already on ${registration.node} (pid ${twin.pid}): give one of them another instance`
      throw new TidingsError('NAME_TAKEN', why)
    }
    if (!this.#histories.has(member.node)) this.#histories.set(member.node, randomId())
    const complete = { ...registration, place: this.#place(registration) }
    this.#members.set(member.incarnation, member)
    member.roster(this.#change([...this.#entries.values()]))
    this.put(complete)
    return complete
  }

  put(registration: Registration): void {
    const { connections: _connections, sequences: _sequences, health: _, ...entry } = registration
    const known = this.#entries.get(entry.incarnation)
    if (known?.state === 'ended' || isDeepStrictEqual(known, entry)) return
    this.#entries.set(entry.incarnation, entry)
    for (const member of this.#members.values()) member.roster(this.#change([entry]))
  }

  leave(member: MemoryMember): void {
    if (!this.#members.delete(member.incarnation)) return
    const entry = this.#entries.get(member.incarnation)
    if (!entry || entry.state === 'ended') return
    const ended = { ...entry, state: 'ended' as const }
    this.#entries.set(member.incarnation, ended)
    for (const other of this.#members.values()) other.roster(this.#change([ended]))
  }

  /**
   * The process dies without a word, as by `kill -9`: the others are told an open loss, its name is free, and
   * `closed` of its queue resolves with an error. @throws TidingsError USAGE for a queue of another cluster
   */
  kill(queue: QueueOfCluster): void {
    const member = this.#memberOf(queue)
    this.leave(member)
    member.die(
      new TidingsError('TRANSPORT_FAILED', 'the process was killed by MemoryCluster.kill()'),
    )
  }

  /**
   * What the queue publishes while `publish` runs is lost: every other process that subscribed to it is told
   * the exact loss (reason `evicted`) some seconds later at most, as it would be of a publisher that it could
   * not hear for too long. @throws TidingsError USAGE for a queue of another cluster, and what `publish` throws
   */
  async lose(queue: QueueOfCluster, publish: () => unknown): Promise<void> {
    const member = this.#memberOf(queue)
    // What was published before arrives.
    while (!member.sendAll()) {
      await new Promise<void>((resolve) => setImmediate(resolve))
      this.#memberOf(queue)
    }
    member.drop()
    try {
      const published = publish()
      // What the caller publishes in this turn behind the call is not meant.
      if (isThenable(published)) await published
    } finally {
      member.sendAll()
      member.resume()
    }
  }

  #memberOf({ identity }: QueueOfCluster): MemoryMember {
    const member = this.#members.get(identity.incarnation)
    if (member) return member
    throw new TidingsError('USAGE', 'this queue is not open in this cluster')
  }

  entry(incarnation: string): RosterEntry | undefined {
    return this.#entries.get(incarnation)
  }

  *others(than: MemoryMember): Iterable<MemoryMember> {
    for (const member of this.#members.values()) if (member !== than) yield member
  }

  #twin({ node, process, instance }: Registration): RosterEntry | undefined {
    return [...this.#entries.values()].find(
      (entry) =>
        entry.state !== 'ended' &&
        entry.node === node &&
        entry.process === process &&
        entry.instance === instance,
    )
  }

  #place({ role, place }: Registration): Place | null {
    if (role !== 'process') return null
    return place ?? memoryPlace(this.#nextPort++)
  }

  #change(entries: readonly RosterEntry[]): RosterChange {
    const histories = [...this.#histories].map(([node, history]) => ({ node, history }))
    return { entries, histories, settled: true, unreachable: [] }
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
