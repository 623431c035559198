import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { NewsOfProcesses } from '../cluster/roster/news-of-processes.ts'
import type { MqttSettings, Settings } from '../definition/settings.ts'
import { clusterProcessName, newRegistration } from '../model/new-registration.ts'
import type { ProcessState, Registration, RosterEntry } from '../model/roster-entry.ts'
import { defaultClusterTimeoutMs } from '../queue/options.ts'
import { isNameOfAnother } from '../transport/mqtt/broker/broker-refusal.ts'
import { loadMqttTransport } from '../transport/mqtt/broker/load-mqtt.ts'
import type { Transport, TransportEvent } from '../transport/transport.ts'

/** What a witness says, as GENESIS_CLUSTER does. */
type OnNews = (event: ClusterEvent | { readonly type: string; readonly message: string }) => void

interface WitnessOptions {
  readonly on: OnNews
  /** Closes it; during the start it ends the start with ABORTED. */
  readonly signal: AbortSignal
}

/** What closing may take to say the end, milliseconds. */
const lingerMs = 1_000

/**
 * GENESIS_CLUSTER of a node whose processes meet at a broker: one of them, which stays when the last of the others dies and sees
 * that. It tells what becomes of those of its node.
 */
export class BrokerWitness {
  /** Until it is closed; with the error that ended it. */
  readonly closed: Promise<TidingsError | undefined>
  readonly #transport: Transport
  readonly #own: Registration
  readonly #on: OnNews
  readonly #news: NewsOfProcesses
  readonly #states = new Map<string, ProcessState>()
  readonly #end: (failure: TidingsError | undefined) => void

  private constructor(transport: Transport, own: Registration, on: OnNews) {
    const { promise, resolve } = Promise.withResolvers<TidingsError | undefined>()
    this.closed = promise
    this.#end = resolve
    this.#transport = transport
    this.#own = own
    this.#on = on
    this.#news = new NewsOfProcesses(systemClock, on)
  }

  /**
   * The same, or null where another GENESIS_CLUSTER of this node does it.
   * @throws TidingsError CLUSTER_UNREACHABLE, ACCESS_DENIED, MODE_MISMATCH, ABORTED; nothing is left open then
   */
  static async startIfAlone(
    settings: Settings,
    mqtt: MqttSettings,
    options: WitnessOptions,
  ): Promise<BrokerWitness | null> {
    try {
      return await BrokerWitness.start(settings, mqtt, options)
    } catch (error) {
      if (!isNameOfAnother(error)) throw error
      const message = `another GENESIS_CLUSTER watches the processes of node ${settings.node.name}`
      options.on({ type: 'watched', message })
      return null
    }
  }

  /** @throws TidingsError CLUSTER_UNREACHABLE, ACCESS_DENIED, NAME_TAKEN, MODE_MISMATCH, ABORTED; nothing is left open then */
  static async start(
    settings: Settings,
    { brokerUrls, ...mqtt }: MqttSettings,
    { on, signal }: WitnessOptions,
  ): Promise<BrokerWitness> {
    const node = settings.node.name
    const transport = await loadMqttTransport({
      ...mqtt,
      node,
      urls: brokerUrls,
      cluster: settings.clusterName,
      clusterTimeoutMs: defaultClusterTimeoutMs,
      processPort: null,
    })
    const own = newRegistration({
      node,
      process: clusterProcessName,
      incarnation: randomId(),
      role: 'cluster',
      mode: settings.mode,
    })
    const witness = new BrokerWitness(transport, own, on)
    await witness.#open(signal)
    on({ type: 'watching', message: `watches the processes of node ${node}` })
    return witness
  }

  /** For the line `Status:` of `systemctl status`. */
  get status(): string {
    const living = [...this.#states.values()].filter((state) => state !== 'ended').length
    return `node ${this.#own.node}: ${living} ${living === 1 ? 'process' : 'processes'}`
  }

  async #open(signal: AbortSignal): Promise<void> {
    await this.#transport.open(
      this.#own,
      {
        message: () => {},
        request: () => {},
        reconnected: () => {},
        sharedHop: () => {},
        registered: () => {},
        roster: ({ entries, letGo = [] }) => {
          this.#news.tick()
          for (const entry of entries) this.#take(entry)
          for (const incarnation of letGo) this.#states.delete(incarnation)
        },
        event: (event) => this.#tell(event),
        failed: (error) => this.#end(error),
      },
      signal,
    )
    const close = (): void => {
      this.#news.close()
      this.#transport.close(lingerMs).then(() => this.#end(undefined), this.#end)
    }
    if (signal.aborted) close()
    else signal.addEventListener('abort', close, { once: true })
  }

  #tell({ type }: TransportEvent): void {
    if (type === 'cluster-lost')
      this.#on({ type: 'warning', message: 'the MQTT broker cannot be reached; going on' })
    else if (type === 'cluster-found') this.#on({ type, message: 'the MQTT broker is back' })
  }

  #take(entry: RosterEntry): void {
    const { incarnation, last, node, pid, state } = entry
    if (node !== this.#own.node || incarnation === this.#own.incarnation) return
    const before = this.#states.get(incarnation)
    if (state === 'ended') this.#states.delete(incarnation)
    else this.#states.set(incarnation, state)
    // What had ended before this one came is no news.
    if (state === before || (before === undefined && state === 'ended')) return
    if (state === 'ended')
      this.#news.say(entry, 'ended', last === null ? 'nobody has its pid any more' : 'it said so')
    else if (state === 'gone')
      this.#news.say(entry, 'gone', 'its connection has ended without a word')
    else if (before === undefined) this.#news.say(entry, 'registered', `pid ${pid}`)
    else if (before === 'gone') this.#news.say(entry, 'back', `pid ${pid}`)
  }
}
