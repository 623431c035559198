import { abortable, checkAborted } from '../base/abortable.ts'
import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ClusterEvent, OnClusterEvent } from '../cluster/cluster-event.ts'
import { type ClusterProcess, startCluster } from '../cluster/cluster-process.ts'
import type { StartClusterOptions } from '../cluster/cluster-process.ts'
import type { Settings } from '../definition/settings.ts'
import { defaultClusterTimeoutMs } from '../queue/options.ts'
import { ZeroMQTransport } from '../transport/zeromq/zeromq-transport.ts'
import { intakeLimits } from './intake-limits.ts'
import type { IntakePublisherOptions } from './intake-publisher.ts'
import { IntakePublisher } from './intake-publisher.ts'
import { intakeRegistration } from './intake-registration.ts'
import { Intake } from './intake.ts'
import { type QueueOfIntake, queueOfIntake } from './queue-of-intake.ts'
import { RefusalReport } from './refusal-report.ts'

/**
 * Starts GENESIS_CLUSTER of this node together with the intake of what foreign programs publish;
 * resolves, and says `ready`, when processes and foreign programs may come. See `startCluster()`.
 */
export async function startClusterWithIntake(
  settings: Settings,
  options: StartClusterOptions = {},
): Promise<ClusterProcess> {
  const on: OnClusterEvent = (event) => options.on?.(event)
  const { signal } = options
  checkAborted(signal)
  const refusals = new RefusalReport(systemClock, on)
  const refused = (...of: Parameters<RefusalReport['add']>) => refusals.add(...of)
  const warn = (message: string) => on({ type: 'warning', message })
  const intake = await Intake.open({ clock: systemClock, refused, warn })
  const starting = new AbortController()
  const abort = (): void => starting.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    // Of what was aborted while the intake was opened no event comes any more.
    checkAborted(signal)
    let ready: ClusterEvent | null = null
    const cluster = await startCluster(settings, {
      ...options,
      signal: starting.signal,
      foreignAt: await intake.foreignAt(),
      on: (event) => (event.type === 'ready' ? (ready = event) : on(event)),
    })
    const open = (stop: AbortSignal) => intakeQueue(settings, cluster.local).open(stop)
    const node = new ClusterWithIntake({ cluster, intake, refusals, open, on })
    await node.begin(starting.signal)
    // From here on the intake ends first: what it has taken leaves through GENESIS_CLUSTER.
    const failed = ({ message }: TidingsError) => warn(message)
    signal?.addEventListener('abort', () => inBackground(node.close(), failed), { once: true })
    if (ready && !signal?.aborted) on(ready)
    // Whoever hears that it is ready may abort it, and is handed out nothing that closes.
    if (signal?.aborted) await node.close()
    checkAborted(signal)
    return node
  } catch (error) {
    await intake.close()
    refusals.close()
    throw TidingsError.from(error)
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

interface ClusterWithIntakeParts {
  readonly cluster: ClusterProcess
  readonly intake: Intake
  readonly refusals: RefusalReport
  readonly open: IntakePublisherOptions['open']
  readonly on: OnClusterEvent
}

/** A GENESIS_CLUSTER that runs, and its intake: they begin together, and the intake ends first. */
export class ClusterWithIntake implements ClusterProcess {
  readonly #cluster: ClusterProcess
  readonly #intake: Intake
  readonly #refusals: RefusalReport
  readonly #publisher: IntakePublisher
  #closing: Promise<void> | null = null
  readonly closed: Promise<TidingsError | undefined>

  constructor({ cluster, intake, refusals, open, on }: ClusterWithIntakeParts) {
    this.#cluster = cluster
    this.#intake = intake
    this.#refusals = refusals
    const warn = (message: string) => on({ type: 'warning', message })
    this.#publisher = new IntakePublisher({ clock: systemClock, intake, open, warn })
    this.closed = cluster.closed.then(async (error) => {
      try {
        await this.#closeIntake(0)
        return error
      } catch (failure) {
        return error ?? TidingsError.from(failure)
      }
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

  snapshot(): ReturnType<ClusterProcess['snapshot']> {
    return this.#cluster.snapshot()
  }

  /** @throws TidingsError where the intake cannot begin, or what ended GENESIS_CLUSTER meanwhile; everything is closed then. */
  async begin(signal: AbortSignal): Promise<void> {
    try {
      await this.#subscribed(signal)
      await this.#publisher.open(signal)
    } catch (error) {
      await this.close()
      throw (await this.closed) ?? error
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
    await this.closed
  }

  /** Whichever comes first: a GENESIS_CLUSTER that has ended never connects to the intake. */
  #subscribed(signal: AbortSignal): Promise<void> {
    return abortable<void>(signal, (resolve, reject) => {
      inBackground(this.#intake.subscribed.then(resolve), reject)
      const ended = () => reject(new TidingsError('CLOSED', 'GENESIS_CLUSTER ended as it began'))
      inBackground(this.#cluster.closed.then(ended), reject)
    })
  }

  async #closeIntake(drainMs: number): Promise<void> {
    await this.#publisher.close(drainMs)
    await this.#intake.close()
    this.#refusals.close()
  }
}

/** It publishes through the inbound port as scripts do, in either mode. */
function intakeQueue(settings: Settings, local: string): QueueOfIntake {
  const { keys = null, node } = settings
  const { name, ports } = node
  const transport = new ZeroMQTransport({
    mode: settings.mode,
    role: 'script',
    nodeAddress: local,
    bindAddress: local,
    allowed: [],
    ports,
    keys,
    clusterTimeoutMs: defaultClusterTimeoutMs,
    subscribes: false,
    wantsPort: false,
    clock: systemClock,
    random: Math.random,
  })
  return queueOfIntake(transport, intakeRegistration(name, settings.mode))
}
