import { Dealer } from 'zeromq'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../../model/roster-entry.ts'
import { wireVersion } from '../../model/wire-version.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import type {
  ClusterMessage,
  ProcessMessage,
  RegisteredMessage,
  RegisterMessage,
  RosterMessage,
} from '../../registration/registration-message.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
  registrationIntervalMs,
} from '../../registration/registration-message.ts'
import { RosterView } from '../../registration/roster-view.ts'
import { registeringDealer } from '../../sockets/socket-options.ts'
import { connectSocket, disconnectSocket } from '../../sockets/uninterrupted.ts'

/** Heartbeats in a row without an answer after which GENESIS_CLUSTER counts as lost. */
const lostAfterUnanswered = 3

/** Registrations under way that are remembered: an answer to a later one answers them all. */
const maxUnderWay = 64

/** Part of the heartbeat's interval that chance takes off: processes started together spread out. */
const jitter = 0.1

export interface RegistrationClientHandlers {
  /** GENESIS_CLUSTER has this registration, as `set()` gave it; the latest if several were under way. */
  acknowledged(registration: Registration): void
  /** Every answer to a registration or its repetition. */
  answered(message: RegisteredMessage): void
  refused(error: TidingsError): void
  /** GENESIS_CLUSTER has heard us; another bears our name still. Told with each repetition. */
  waiting(why: string): void
  roster(change: RosterChange): void
  /** We are asked to renew our connections. */
  renew(): void
  lost(): void
  found(): void
  /** Once a heartbeat, before it goes out. */
  tick(): void
  /** For the next heartbeat. */
  connections(): ConnectionCounts
  failed(error: TidingsError): void
}

/** One process's side of the registration protocol: says who we are until it is heard, hears the roster. */
export class RegistrationClient {
  readonly roster = new RosterView()
  readonly #socket = new Dealer(registeringDealer())
  readonly #monitor: ConnectionMonitor
  readonly #received: Promise<void>
  readonly #clock: Clock
  readonly #random: Random
  readonly #handlers: RegistrationClientHandlers
  #registration: Registration
  #wantsPort = false
  /** Of `#registration`: counts the calls of `set()`. */
  #generation = 0
  #acknowledgedGeneration = 0
  /** By id, in the order of sending. */
  readonly #underWay = new Map<number, { generation: number; registration: Registration }>()
  #unansweredBeats = 0
  /** When GENESIS_CLUSTER was heard last; -Infinity: never. */
  #heardAt = -Infinity
  #registeredAt = -Infinity
  #id = 0
  #lost = false
  #heartbeat: Timer | null = null
  #soon: Timer | null = null
  #closed = false

  constructor(
    endpoint: string,
    registration: Registration,
    wantsPort: boolean,
    clock: Clock,
    random: Random,
    handlers: RegistrationClientHandlers,
  ) {
    this.#clock = clock
    this.#random = random
    this.#handlers = handlers
    this.#registration = registration
    this.#wantsPort = wantsPort
    this.#generation = 1
    this.#monitor = new ConnectionMonitor(this.#socket, clock, {
      connected: () => this.#register(),
      disconnected: () => this.#lose(),
      dead: (dead) => {
        disconnectSocket(this.#socket, dead)
        this.#connect(dead)
      },
    })
    this.#received = this.#receive()
    this.#connect(endpoint)
    this.#beat()
  }

  get heardAt(): number {
    return this.#heardAt
  }

  /** Said at once: at the end of this turn, so that many changes in one are one message. */
  set(registration: Registration): void {
    if (this.#closed) return
    this.#registration = registration
    this.#wantsPort &&= registration.processPort === null
    this.#generation += 1
    this.#soon ??= this.#clock.after(0, () => {
      this.#soon = null
      this.#register()
    })
  }

  askToRenew(step: 'link' | 'publisher', incarnation: string): void {
    this.#send({ type: 'renew', step, incarnation })
  }

  async close(lingerMs: number): Promise<void> {
    if (!this.#closed) {
      if (this.#soon !== null) this.#register()
      this.#closed = true
      this.#heartbeat?.cancel()
      this.#soon?.cancel()
      this.#monitor.close()
      this.#socket.linger = lingerMs
      this.#socket.close()
    }
    await Promise.all([this.#monitor.ended, this.#received])
  }

  #connect(endpoint: string): void {
    this.#monitor.expect(endpoint)
    connectSocket(this.#socket, endpoint)
  }

  #beat(): void {
    this.#heartbeat = this.#clock.after(
      registrationIntervalMs * (1 - jitter * this.#random()),
      () => {
        this.#beat()
        this.#handlers.tick()
        if (this.#unansweredBeats >= lostAfterUnanswered) this.#lose()
        this.#unansweredBeats += 1
        // What was said a moment ago is a heartbeat, too.
        if (this.#clock.now() - this.#registeredAt >= registrationIntervalMs / 2) this.#register()
      },
    )
  }

  #register(): void {
    if (this.#closed) return
    const registration = this.#registration
    this.#registeredAt = this.#clock.now()
    this.#id += 1
    this.#underWay.set(this.#id, { generation: this.#generation, registration })
    for (const oldest of this.#underWay.keys()) {
      if (this.#underWay.size <= maxUnderWay) break
      this.#underWay.delete(oldest)
    }
    this.#send({
      type: 'register',
      id: this.#id,
      seen: this.roster.seen,
      registration: { ...registration, connections: this.#handlers.connections() },
      wantsPort: this.#wantsPort,
    })
  }

  #send(message: ProcessMessage): void {
    if (this.#closed) return
    try {
      // Refused while nobody is connected: it is said again then, and each second.
      this.#socket.send(encodeProcessMessage(message)).catch(() => {})
    } catch (error) {
      if (message.type !== 'register') throw error
      const shorter = shortened(message)
      if (shorter !== null) this.#send(shorter)
      else this.#clock.after(0, () => this.#handlers.failed(TidingsError.from(error)))
    }
  }

  #lose(): void {
    if (this.#lost || this.#acknowledgedGeneration === 0) return
    this.#lost = true
    this.#handlers.lost()
  }

  async #receive(): Promise<void> {
    const socket = this.#socket
    while (!socket.closed) {
      try {
        const [frame, ...more] = await socket.receive()
        const message = frame && more.length === 0 ? decodeClusterMessage(frame) : null
        if (message !== null && !this.#closed) this.#take(message)
      } catch (error) {
        if (!socket.closed) this.#handlers.failed(TidingsError.from(error))
        return
      }
    }
  }

  #take(message: ClusterMessage): void {
    this.#heardAt = this.#clock.now()
    switch (message.type) {
      case 'registered':
        return this.#answered(message)
      case 'refused':
        return this.#handlers.refused(new TidingsError(message.code, message.message))
      case 'roster':
        return this.#takeRoster(message)
      case 'wait':
        return this.#handlers.waiting(message.message)
      case 'ask':
        if (message.answer)
          this.#send({ type: 'here', incarnation: this.#registration.incarnation })
        return
      case 'renew':
        return this.#handlers.renew()
      case 'snapshot':
        return
    }
  }

  #refuseVersion(theirs: number | undefined): void {
    const message = `GENESIS_CLUSTER speaks version ${theirs} of the wire, this process version ${wireVersion}: use one version of tidings on all nodes`
    this.#handlers.refused(new TidingsError('MODE_MISMATCH', message))
  }

  #answered(message: RegisteredMessage): void {
    let answered: { generation: number; registration: Registration } | null = null
    for (const [id, said] of this.#underWay) {
      if (id > message.id) break
      answered = said
      this.#underWay.delete(id)
    }
    if (answered === null) return
    if ((message.wire ?? wireVersion) !== wireVersion) return this.#refuseVersion(message.wire)
    this.#unansweredBeats = 0
    if (this.#lost) {
      this.#lost = false
      this.#handlers.found()
    }
    this.#handlers.answered(message)
    if (answered.generation <= this.#acknowledgedGeneration) return
    this.#acknowledgedGeneration = answered.generation
    this.#handlers.acknowledged(answered.registration)
  }

  #takeRoster(message: RosterMessage): void {
    const { change, ask } = this.roster.apply(message)
    if (change !== null) this.#handlers.roster(change)
    if (ask) this.#register()
  }
}

/**
 * What a registration can do without when it is too long: first what only people read, then the
 * names of the subscribed tables. Null: nothing is left to leave out.
 */
function shortened(message: RegisterMessage): RegisterMessage | null {
  const { registration } = message
  if (registration.sequences.length > 0) {
    return { ...message, registration: { ...registration, sequences: [] } }
  }
  if (registration.subscribes === '*') return null
  return { ...message, registration: { ...registration, subscribes: '*' } }
}
