import { noConnections } from '../../model/new-registration.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../../model/roster-entry.ts'
import { registrationIntervalMs } from '../../registration/registration-message.ts'
import type { Hop } from '../../model/hop.ts'
import type { Transport, TransportHandlers } from '../../transport/transport.ts'
import { type Down, Hub, type Up } from './hub.ts'
import type { Pipe } from './pipe.ts'
import type { Stretch } from './stretch.ts'
import type { SimulatedClock } from './simulated-clock.ts'

/** What a simulated process needs of the world. */
interface ProcessSurroundings {
  readonly clock: SimulatedClock
  readonly random: Random
  register(process: SimulatedProcess, registration: Registration): void
  renew(process: SimulatedProcess, hop: Hop, incarnation: string): void
  hops(process: SimulatedProcess, incarnation: string): readonly Hop[]
  /** As with a broker: nobody hears a request that is for others. Else as with ZeroMQ, where everybody does. */
  readonly addressesRequests: boolean
  /** What leaves and what arrives, for whoever watches the wires. */
  sent(process: SimulatedProcess, topic: string, message: Uint8Array): void
  received(process: SimulatedProcess, topic: string, message: Uint8Array): void
}

/** The clocks of two machines begin at different times: what their processes do at the same moment is theirs alone. */
const nodePhaseMs = 377

/** One OS process: its clock, which stands still while it is frozen, and its transport. */
export class SimulatedProcess implements Transport, Clock {
  readonly incarnation: string
  readonly node: number
  readonly port = null
  /** What publishes: requests arrive here. */
  readonly publisherEnd: Hub<Pipe>
  /** What subscribes: updates arrive here. */
  readonly subscriberEnd: Hub<Pipe>
  readonly topics = new Set<string>()
  readonly direct = new Map<string, Pipe>()
  publisherPipe: Pipe | null = null
  subscriberPipe: Pipe | null = null
  isAlive = true
  isFrozen = false
  isOnRoster = false
  registration: Registration | null = null
  seen = { life: 0, version: 0 }
  /** Registrations that it has sent, and the number of the last that arrived: a connection keeps their order. */
  registrationsSent = 0
  registrationArrived = 0
  /** When the roster said to this process that somebody has ended, and until when it did not say otherwise. */
  readonly endsTold = new Map<string, Stretch>()
  /** Which tables the node of one that has ended knew it to publish, as the roster said last to this process. */
  readonly tablesOfEnded = new Map<string, readonly string[]>()
  /** Those that have ended in good order, with their last numbers, as the roster said to this process. */
  readonly toldLastOf = new Set<string>()
  /** When the roster first told this process of another that had not ended. */
  readonly toldOfAt = new Map<string, number>()
  /** When it first said that it has ended in good order; Infinity: it has not. */
  saidEndedAt = Infinity
  /** Its roster has forgotten an end that it has not seen. */
  hasMissed = false
  diedAt = Infinity
  /** What its wall clock is off by, milliseconds: steps of it must not matter. */
  wallClockOffset = 0
  /** How much faster its monotonic clock runs. */
  drift = 0
  readonly #around: ProcessSurroundings
  #handlers: TransportHandlers | null = null
  #opened: PromiseWithResolvers<Registration> | null = null
  #deferred: (() => void)[] = []
  #hasConnected = false

  constructor(incarnation: string, node: number, around: ProcessSurroundings) {
    this.incarnation = incarnation
    this.node = node
    this.#around = around
    this.publisherEnd = new ProcessSocket(this)
    this.subscriberEnd = new ProcessSocket(this)
  }

  get pipes(): Pipe[] {
    return [
      ...new Set([
        ...this.publisherEnd.downs,
        ...this.publisherEnd.ups,
        ...this.subscriberEnd.ups,
        ...this.subscriberEnd.downs,
      ]),
    ]
  }

  now(): number {
    return (this.#around.clock.now() + this.node * nodePhaseMs) * (1 + this.drift)
  }

  wallClock(): number {
    return this.#around.clock.wallClock() + this.wallClockOffset
  }

  after(ms: number, run: () => void): Timer {
    let isCancelled = false
    const due = (): void => {
      if (!this.isAlive || isCancelled) return
      if (this.isFrozen) this.#deferred.push(due)
      else run()
    }
    const timer = this.#around.clock.after(ms / (1 + this.drift), due)
    return {
      cancel: () => {
        isCancelled = true
        timer.cancel()
      },
    }
  }

  /** A turn of the event loop takes up to 3 ms, so that parcels hold more than one commit. */
  endOfTurn(run: () => void): void {
    this.after(this.#around.random() * 3, run)
  }

  freeze(): void {
    this.isFrozen = true
    this.publisherEnd.isFrozen = true
    this.subscriberEnd.isFrozen = true
  }

  thaw(): void {
    this.isFrozen = false
    this.publisherEnd.isFrozen = false
    this.subscriberEnd.isFrozen = false
    for (const pipe of this.pipes) pipe.thaw()
    const deferred = this.#deferred
    this.#deferred = []
    for (const due of deferred) due()
  }

  open(registration: Registration, handlers: TransportHandlers): Promise<Registration> {
    this.#handlers = handlers
    this.#opened = Promise.withResolvers<Registration>()
    this.register(registration)
    this.#beat()
    return this.#opened.promise
  }

  /** A transport repeats what its process has said last: it is the heartbeat, and heals what was lost. */
  #beat(): void {
    this.after(registrationIntervalMs, () => {
      if (this.registration) this.#around.register(this, this.registration)
      this.#beat()
    })
  }

  register(registration: Registration): void {
    this.registration = registration
    if (registration.state === 'ended')
      this.saidEndedAt = Math.min(this.saidEndedAt, this.#around.clock.now())
    this.#around.register(this, registration)
  }

  onRegistered(registration: Registration): void {
    this.#opened?.resolve(registration)
    this.#opened = null
    this.#handlers?.registered(registration)
  }

  /** Another has its name now. */
  onRefused(): void {
    this.#handlers?.failed(new TidingsError('NAME_TAKEN', 'this process has lost its name'))
  }

  onRoster(change: RosterChange): void {
    for (const { incarnation, state, publishes, last } of change.entries) {
      if (state === 'ended' && last) this.toldLastOf.add(incarnation)
      if (state === 'ended') this.tablesOfEnded.set(incarnation, publishes)
      this.#noteWord(incarnation, state === 'ended')
    }
    for (const incarnation of change.letGo ?? []) this.#noteWord(incarnation, false)
    this.#handlers?.roster(change)
  }

  send(topic: string, message: Uint8Array): void {
    this.#around.sent(this, topic, message)
    this.publisherEnd.down({ topic, message })
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    this.subscriberEnd.up({ request: frame, publishers })
  }

  subscribe(topicPrefix: string): void {
    this.topics.add(topicPrefix)
    this.subscriberEnd.up({ subscribe: topicPrefix })
  }

  unsubscribe(topicPrefix: string): void {
    this.topics.delete(topicPrefix)
    this.subscriberEnd.up({ unsubscribe: topicPrefix })
  }

  hops(incarnation: string): readonly Hop[] {
    return this.#around.hops(this, incarnation)
  }

  renew(hop: Hop, incarnation: string): void {
    this.#around.renew(this, hop, incarnation)
  }

  connections(): ConnectionCounts {
    return noConnections
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #noteWord(incarnation: string, hasEnded: boolean): void {
    const word = this.endsTold.get(incarnation)
    const isSaid = word?.to === Infinity
    const now = this.#around.clock.now()
    if (!hasEnded && !this.toldOfAt.has(incarnation)) this.toldOfAt.set(incarnation, now)
    if (hasEnded && !isSaid) this.endsTold.set(incarnation, { from: now, to: Infinity })
    if (!hasEnded && isSaid) word.to = now
  }

  onDown({ topic, message }: Down): void {
    if (!this.isAlive) return
    this.#around.received(this, topic, message)
    this.#handlers?.message(message)
  }

  onUp(message: Up): void {
    if (!this.isAlive || !('request' in message)) return
    const isMeant = message.publishers?.includes(this.incarnation) ?? true
    if (isMeant || !this.#around.addressesRequests) this.#handlers?.request(message.request)
  }

  onConnected(): void {
    if (this.isAlive && !this.isFrozen && this.#hasConnected) this.#handlers?.reconnected()
    this.#hasConnected = true
  }
}

/** The end of pipes in a process: what a socket is to libzmq. */
class ProcessSocket extends Hub<Pipe> {
  readonly #process: SimulatedProcess

  constructor(process: SimulatedProcess) {
    super()
    this.#process = process
  }

  override wanted(): Iterable<string> {
    return this.#process.subscriberEnd === this ? this.#process.topics : []
  }

  override up(message: Up): void {
    if (this.#process.publisherEnd === this) this.#process.onUp(message)
    else super.up(message)
  }

  override down(message: Down): void {
    if (this.#process.subscriberEnd === this) this.#process.onDown(message)
    else super.down(message)
  }

  override connected(): void {
    if (this.#process.subscriberEnd === this) this.#process.onConnected()
  }
}
