import { checkAborted } from '../base/abortable.ts'
import { pause, systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { OnClusterEvent } from '../cluster/cluster-event.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import { defaultClusterTimeoutMs } from '../queue/options.ts'
import { isNameOfAnother } from '../transport/mqtt/broker/broker-refusal.ts'
import { loadMqttTransport } from '../transport/mqtt/broker/load-mqtt.ts'
import { shownBroker } from '../transport/mqtt/broker/broker-url.ts'
import { BrokerSource } from './broker-source.ts'
import { intakeLimits } from './intake-limits.ts'
import { IntakePublisher } from './intake-publisher.ts'
import { intakeRegistration } from './intake-registration.ts'
import { Intake } from './intake.ts'
import { type QueueOfIntake, queueOfIntake } from './queue-of-intake.ts'
import { RefusalReport } from './refusal-report.ts'

interface BrokerIntakeOptions {
  readonly settings: Settings
  readonly mqtt: MqttSettings
  readonly on: OnClusterEvent
  /** Ends it. */
  readonly signal: AbortSignal
}

/**
 * The intake of what foreign programs publish at an MQTT broker. Of several at one broker one takes it, so that it is numbered once; the
 * others stand by.
 */
export class BrokerIntake {
  readonly #options: BrokerIntakeOptions
  readonly #refusals: RefusalReport
  /** What it does, as it was told last. */
  #told: string | null = null

  private constructor(options: BrokerIntakeOptions) {
    this.#options = options
    this.#refusals = new RefusalReport(systemClock, options.on)
  }

  /**
   * Resolves when it has ended, which its signal tells it to.
   * @throws TidingsError CLUSTER_UNREACHABLE and others of `MqttTransport.open()`, where it cannot begin.
   */
  static async run(options: BrokerIntakeOptions): Promise<void> {
    const running = new BrokerIntake(options)
    try {
      await running.#run()
    } finally {
      running.#refusals.close()
    }
  }

  async #run(): Promise<void> {
    const { on, signal } = this.#options
    const warn = (message: string) => on({ type: 'warning', message })
    const refused = (...of: Parameters<RefusalReport['add']>) => this.#refusals.add(...of)
    const { promise: opened, resolve } = Promise.withResolvers<BrokerSource>()
    const intake = await Intake.from({ clock: systemClock, refused, warn }, async (handlers) => {
      const source = new BrokerSource(handlers, refused)
      resolve(source)
      return source
    })
    const source = await opened
    const open = (stop: AbortSignal) => this.#open(source, stop)
    const publisher = new IntakePublisher({ clock: systemClock, intake, open, warn })
    try {
      await publisher.open(signal)
      await abortOf(signal)
    } catch (error) {
      // It was told to end while it stood by.
      if (!signal.aborted) throw error
    } finally {
      await publisher.close(intakeLimits.drainMs)
      await intake.close()
    }
  }

  /** While another intake is at the broker it waits for its end. */
  async #open(source: BrokerSource, signal: AbortSignal): Promise<QueueOfIntake> {
    for (;;) {
      try {
        source.opening()
        const queue = await this.#queue(source)
        await queue.open(signal)
        source.opened()
        this.#tell('takes what foreign programs publish')
        return queue
      } catch (error) {
        if (isNameOfAnother(error))
          this.#tell('stands by', ': another GENESIS_CLUSTER takes what foreign programs publish')
        // The other one may end while the broker is away: whoever stands by goes on trying.
        else if (this.#told !== null && !signal.aborted)
          this.#tell('stands by', `, and tries again: ${TidingsError.from(error).text}`)
        else throw error
      }
      await pause(intakeLimits.standbyMs, signal)
      checkAborted(signal)
    }
  }

  async #queue(foreign: BrokerSource): Promise<QueueOfIntake> {
    const { settings, mqtt } = this.#options
    const { brokerUrls, ...rest } = mqtt
    const { name } = settings.node
    const transport = await loadMqttTransport({
      ...rest,
      node: name,
      urls: brokerUrls,
      cluster: settings.clusterName,
      clusterTimeoutMs: defaultClusterTimeoutMs,
      processPort: null,
      foreign,
    })
    return queueOfIntake(transport, intakeRegistration(name, settings.mode))
  }

  /** The first time that it is ready, whatever it does: it takes the other's place by itself. */
  #tell(does: string, why = ''): void {
    const { mqtt, on, settings } = this.#options
    const message = `${settings.node.name} ${does} at ${mqtt.brokerUrls.map(shownBroker).join(', ')}${why}`
    if (message === this.#told) return
    on({ type: this.#told === null ? 'ready' : 'warning', message })
    this.#told = message
  }
}

/** Resolves when it aborts. */
function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
