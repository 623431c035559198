import { type Clock, systemClock } from '../base/clock.ts'
import type { TidingsError } from '../base/tidings-error.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { PortAt } from '../definition/settings.ts'
import { clusterFigures } from '../metrics/cluster-figures.ts'
import { metricsContentType, prometheusText } from '../metrics/prometheus-text.ts'
import type { ClusterSnapshot } from '../model/cluster-snapshot.ts'
import { EventTally } from './event-tally.ts'
import { type ProbeAnswer, ProbeServer } from './probe-server.ts'

interface ClusterProbesOptions {
  /** Name of the node. */
  readonly node: string
  readonly at: PortAt
  readonly warn: (message: string) => void
  readonly clock?: Clock
}

/** How far GENESIS_CLUSTER is: processes may come when it is ready. */
type ProbedState = 'starting' | 'ready' | 'ending'

/** What GENESIS_CLUSTER answers to probes and to Prometheus, from before it begins until it has ended. Nothing of it can be changed there. */
export class ClusterProbes {
  readonly #node: string
  readonly #warn: (message: string) => void
  readonly #told = new EventTally()
  #server: ProbeServer | null = null
  #state: ProbedState = 'starting'
  #snapshot: (() => ClusterSnapshot) | null = null

  private constructor({ node, warn }: ClusterProbesOptions) {
    this.#node = node
    this.#warn = warn
  }

  /**
   * Binds the port.
   * @throws TidingsError PORT_TAKEN, TRANSPORT_FAILED where it cannot be bound
   */
  static async open(options: ClusterProbesOptions): Promise<ClusterProbes> {
    const { at, clock = systemClock } = options
    const probes = new ClusterProbes(options)
    probes.#server = await ProbeServer.open({
      at,
      clock,
      answer: (path) => probes.#answer(path),
      failed: (error) => probes.#failed(error),
    })
    return probes
  }

  /** What it tells is counted. */
  note(event: ClusterEvent): void {
    this.#told.note(event)
  }

  ready(snapshot: () => ClusterSnapshot): void {
    this.#snapshot = snapshot
    if (this.#state === 'starting') this.#state = 'ready'
  }

  ending(): void {
    this.#state = 'ending'
  }

  async close(): Promise<void> {
    await this.#server?.close()
  }

  #answer(path: string): ProbeAnswer | null {
    switch (path) {
      case '/healthz':
        return this.#stateAnswer(200)
      case '/readyz':
        return this.#stateAnswer(this.#state === 'ready' ? 200 : 503)
      case '/metrics':
        return { status: 200, contentType: metricsContentType, text: this.#metrics() }
      default:
        return null
    }
  }

  #stateAnswer(status: number): ProbeAnswer {
    const text = `${JSON.stringify({ node: this.#node, state: this.#state })}\n`
    return { status, contentType: 'application/json', text }
  }

  #metrics(): string {
    return prometheusText(
      clusterFigures({
        node: this.#node,
        isReady: this.#state === 'ready',
        told: this.#told,
        snapshot: this.#snapshot?.() ?? null,
      }),
    )
  }

  #failed({ message }: TidingsError): void {
    const warning = {
      type: 'warning',
      message: `a probe could not be answered: ${message}`,
    } as const
    this.note(warning)
    this.#warn(warning.message)
  }
}
