import { abortable, checkAborted } from '../base/abortable.ts'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { type ClusterProcess, startCluster } from '../cluster/cluster-process.ts'
import type { StartClusterOptions } from '../cluster/cluster-process.ts'
import { RateLimit } from '../cluster/rate-limit.ts'
import type { Settings } from '../definition/settings.ts'
import { defaultPublisherLimits } from '../publisher/publisher-limits.ts'
import { ComposedQueue } from '../queue/composed-queue.ts'
import { defaultClusterTimeoutMs } from '../queue/options.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import { ZeroMQTransport } from '../transport/zeromq/zeromq-transport.ts'
import { intakeLimits } from './intake-limits.ts'
import { intakeRegistration } from './intake-registration.ts'
import { Intake } from './intake.ts'

/**
 * Starts GENESIS_CLUSTER of this node together with the intake of what foreign programs publish;
 * resolves, and says `ready`, when processes and foreign programs may come. See `startCluster()`.
 */
export async function startClusterWithIntake(
  settings: Settings,
  options: StartClusterOptions = {},
): Promise<ClusterProcess> {
  const on = (event: ClusterEvent): void => options.on?.(event)
  const { signal } = options
  checkAborted(signal)
  const intake = await Intake.open({ clock: systemClock, refused: refusalTeller(on) })
  const starting = new AbortController()
  const abort = (): void => starting.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    let ready: ClusterEvent | null = null
    const cluster = await startCluster(settings, {
      ...options,
      signal: starting.signal,
      foreignAt: await intake.endpoint(),
      on: (event) => (event.type === 'ready' ? (ready = event) : on(event)),
    })
    const node = new ClusterWithIntake(settings, cluster, intake, on)
    await node.begin(starting.signal)
    // From here on the intake ends first: what it has taken leaves through GENESIS_CLUSTER.
    signal?.addEventListener('abort', () => void node.close(), { once: true })
    if (ready) on(ready)
    return node
  } catch (error) {
    await intake.close()
    throw TidingsError.from(error)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** Tells the operator, of each table and reason once in a while, with what has come together. */
function refusalTeller(on: (event: ClusterEvent) => void) {
  const told = new RateLimit(intakeLimits.refusedIntervalMs)
  const counts = new Map<string, number>()
  return (table: string | null, reason: string, count: number): void => {
    const what = table === null ? 'that name no table' : `for table ${table}`
    const key = `${what}: ${reason}`
    const sum = (counts.get(key) ?? 0) + count
    counts.set(key, sum)
    if (!told.admits(key, systemClock.now())) return
    counts.delete(key)
    const message = `${sum} messages of foreign programs ${what} were not taken: ${reason}`
    on({ type: 'refused', table, reason, count: sum, message })
  }
}

class ClusterWithIntake implements ClusterProcess {
  readonly #settings: Settings
  readonly #cluster: ClusterProcess
  readonly #intake: Intake
  readonly #on: (event: ClusterEvent) => void
  #queue: ComposedQueue<Record<string, object>> | null = null
  #closing: Promise<void> | null = null
  readonly #closed = Promise.withResolvers<TidingsError | undefined>()

  constructor(
    settings: Settings,
    cluster: ClusterProcess,
    intake: Intake,
    on: (event: ClusterEvent) => void,
  ) {
    this.#settings = settings
    this.#cluster = cluster
    this.#intake = intake
    this.#on = on
    void cluster.closed.then(async (error) => {
      await this.#closeIntake(0)
      this.#closed.resolve(error)
    })
  }

  get node(): string {
    return this.#cluster.node
  }

  get local(): string {
    return this.#cluster.local
  }

  get ports(): ClusterProcess['ports'] {
    return this.#cluster.ports
  }

  get closed(): Promise<TidingsError | undefined> {
    return this.#closed.promise
  }

  snapshot(): ReturnType<ClusterProcess['snapshot']> {
    return this.#cluster.snapshot()
  }

  /** @throws TidingsError where the intake cannot register; everything is closed then. */
  async begin(signal: AbortSignal): Promise<void> {
    try {
      await abortable<void>(signal, (resolve) => void this.#intake.subscribed.then(resolve))
      await this.#open(signal)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** The intake first: its last updates leave through the bus, and its end is told to the roster. */
  async #close(): Promise<void> {
    await this.#closeIntake(intakeLimits.drainMs)
    await this.#cluster.close()
    await this.#closed.promise
  }

  async #closeIntake(drainMs: number): Promise<void> {
    const queue = this.#queue
    this.#queue = null
    if (!queue) return this.#intake.close()
    if (drainMs > 0) await this.#intake.drain(drainMs)
    this.#intake.leadTo(null)
    await Promise.all([queue.close(), this.#intake.close()])
  }

  async #open(signal: AbortSignal): Promise<void> {
    const queue = intakeQueue(this.#settings, this.#cluster.local)
    await queue.open(signal)
    this.#queue = queue
    this.#intake.leadTo(queue)
    void queue.closed.then((error) => this.#openAgain(queue, error))
  }

  /** An intake that cannot go on has ended like any publisher: another one takes its place. */
  #openAgain(queue: unknown, error: TidingsError | undefined): void {
    if (this.#closing || this.#queue !== queue) return
    this.#queue = null
    this.#intake.leadTo(null)
    const message = `the intake of foreign programs begins anew: ${error?.message ?? 'it was closed'}`
    this.#on({ type: 'warning', message })
    systemClock.after(intakeLimits.reopenMs, () => {
      if (this.#closing) return
      this.#open(new AbortController().signal).catch((reason: unknown) =>
        this.#openAgain(null, TidingsError.from(reason)),
      )
    })
  }
}

/** A publisher of its own, which publishes through the inbound port as scripts do, in either mode. */
function intakeQueue(settings: Settings, local: string): ComposedQueue<Record<string, object>> {
  const { name, ports } = settings.node
  const transport = new ZeroMQTransport({
    mode: settings.mode,
    role: 'script',
    nodeAddress: local,
    bindAddress: local,
    allowed: [],
    ports,
    clusterTimeoutMs: defaultClusterTimeoutMs,
    wantsPort: false,
    clock: systemClock,
    random: Math.random,
  })
  return new ComposedQueue({
    clock: systemClock,
    random: Math.random,
    transport,
    publisherLimits: defaultPublisherLimits,
    subscriberLimits: defaultSubscriberLimits,
    drainMs: intakeLimits.drainMs,
    registration: intakeRegistration(name, settings.mode),
    declared: [],
    foreign: true,
  })
}
