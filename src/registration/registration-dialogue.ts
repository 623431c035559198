import { TidingsError } from '../base/tidings-error.ts'
import type { ConnectionCounts, Registration, RosterChange } from '../model/roster-entry.ts'
import { wireVersion } from '../model/wire-version.ts'
import { registrationIntervalMs } from './registration-message.ts'
import type {
  ClusterMessage,
  ProcessMessage,
  RegisteredMessage,
  RosterMessage,
} from './registration-message.ts'
import { RosterView } from './roster-view.ts'
import { portsOf } from './zeromq-place.ts'

/** Registrations are repeated as heartbeats: after so many in a row without an answer GENESIS_CLUSTER counts as lost. */
const lostAfterUnanswered = 3

/** Registrations under way that are remembered: an answer to a later one answers them all. */
const maxUnderWay = 64

export interface DialogueHandlers {
  /** May be lost on its way: what matters is said again. */
  send(message: ProcessMessage): void
  /** GENESIS_CLUSTER has this registration, as `set()` gave it; the latest if several were under way. */
  acknowledged(registration: Registration): void
  /** Every answer to a registration or its repetition. */
  answered(message: RegisteredMessage): void
  refused(error: TidingsError): void
  /** GENESIS_CLUSTER has heard us, and asks the one who bears our name whether it is there. Told with each repetition. */
  waiting(why: string): void
  roster(change: RosterChange): void
  /** We are asked to renew our connections. */
  renew(): void
  lost(): void
  found(): void
  /** For the next registration. */
  connections(): ConnectionCounts
}

/**
 * One process's side of the registration protocol: says who we are, again each second, and hears the roster. Without
 * sockets and clocks: what comes goes in, what is to be sent goes out, and time is an argument.
 */
export class RegistrationDialogue {
  readonly roster = new RosterView()
  readonly #handlers: DialogueHandlers
  #registration: Registration
  #wantsPort: boolean
  /** Of `#registration`: counts the calls of `set()`. */
  #generation = 1
  #acknowledgedGeneration = 0
  /** By id, in the order of sending. */
  readonly #underWay = new Map<number, { generation: number; registration: Registration }>()
  #unansweredBeats = 0
  #heardAt = -Infinity
  #saidAt = -Infinity
  #id = 0
  #isLost = false

  /** `wantsPort`: GENESIS_CLUSTER is to hand out a process port. */
  constructor(registration: Registration, wantsPort: boolean, handlers: DialogueHandlers) {
    this.#registration = registration
    this.#wantsPort = wantsPort
    this.#handlers = handlers
  }

  /** When GENESIS_CLUSTER was heard last; -Infinity: never. */
  get heardAt(): number {
    return this.#heardAt
  }

  /** What we are from now on; `say()` says it. */
  set(registration: Registration): void {
    this.#registration = registration
    this.#wantsPort &&= portsOf(registration.place).processPort === null
    this.#generation += 1
  }

  say(now: number): void {
    const registration = this.#registration
    this.#saidAt = now
    this.#id += 1
    this.#underWay.set(this.#id, { generation: this.#generation, registration })
    for (const oldest of this.#underWay.keys()) {
      if (this.#underWay.size <= maxUnderWay) break
      this.#underWay.delete(oldest)
    }
    this.#handlers.send({
      type: 'register',
      id: this.#id,
      seen: this.roster.seen,
      registration: { ...registration, connections: this.#handlers.connections() },
      wantsPort: this.#wantsPort,
    })
  }

  /** To be called about every `registrationIntervalMs`. */
  beat(now: number): void {
    if (this.#unansweredBeats >= lostAfterUnanswered) this.lose()
    this.#unansweredBeats += 1
    // What was said a moment ago is a heartbeat, too.
    if (now - this.#saidAt >= registrationIntervalMs / 2) this.say(now)
  }

  askToRenew(step: 'link' | 'publisher', incarnation: string): void {
    this.#handlers.send({ type: 'renew', step, incarnation })
  }

  /** The connection has ended. Who was never acknowledged has nothing to lose. */
  lose(): void {
    if (this.#isLost || this.#acknowledgedGeneration === 0) return
    this.#isLost = true
    this.#handlers.lost()
  }

  take(message: ClusterMessage, now: number): void {
    this.#heardAt = now
    switch (message.type) {
      case 'registered':
        return this.#answered(message)
      case 'refused':
        return this.#handlers.refused(new TidingsError(message.code, message.message))
      case 'roster':
        return this.#takeRoster(message, now)
      case 'wait':
        return this.#handlers.waiting(message.message)
      case 'ask':
        if (message.answer)
          this.#handlers.send({ type: 'here', incarnation: this.#registration.incarnation })
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
    if (this.#isLost) {
      this.#isLost = false
      this.#handlers.found()
    }
    this.#handlers.answered(message)
    if (answered.generation <= this.#acknowledgedGeneration) return
    this.#acknowledgedGeneration = answered.generation
    this.#handlers.acknowledged(answered.registration)
  }

  #takeRoster(message: RosterMessage, now: number): void {
    const { change, ask } = this.roster.apply(message)
    if (change !== null) this.#handlers.roster(change)
    if (ask) this.say(now)
  }
}
