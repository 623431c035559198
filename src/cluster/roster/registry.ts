import type { Place } from '../../model/place.ts'
import type { NodeMode, Registration } from '../../model/roster-entry.ts'
import { PublishRate } from '../../base/publish-rate.ts'
import { publishedBy, shownName } from '../../registration/process-snapshot.ts'
import type { RegisterMessage } from '../../registration/registration-message.ts'
import { registrationIntervalMs } from '../../registration/registration-message.ts'
import { placeOf, portsOf } from '../../registration/zeromq-place.ts'
import { LatestMessages } from './latest-messages.ts'
import { NameClaims } from './name-claims.ts'
import type { ReadyClaim } from './name-claims.ts'
import type { LocalProcess } from './local-process.ts'
import { rosterEntry } from './local-process.ts'
import type { PortPool } from '../bus/port-pool.ts'
import { RegistrationRoutes } from './registration-routes.ts'
import type { Roster } from './roster.ts'

/** Silence after which touch with a process is lost, milliseconds: ten of its heartbeats. */
export const goneAfterMs = 10 * registrationIntervalMs

/**
 * How long a process has to connect again when its connection has ended, milliseconds: libzmq in one that
 * lives does so within a tenth of it, whatever its event loop does meanwhile. Then it has ended.
 */
export const returnWithinMs = 250

/** Silence after which a process of unknown fate is forgotten, milliseconds; else they would add up. */
export const goneKeptMs = 60 * 60_000

export type RegisterOutcome =
  | {
      readonly type: 'registered'
      readonly process: LocalProcess
      /** It is new here, or it was out of touch; null: neither. */
      readonly news: 'registered' | 'back' | null
    }
  | {
      readonly type: 'refused'
      readonly code: 'NAME_TAKEN' | 'MODE_MISMATCH'
      readonly message: string
    }
  /** Another bears the name: answered when its fate is known. */
  | {
      readonly type: 'waiting'
      readonly message: string
      /** It has not waited before. */
      readonly isNew: boolean
    }
  /** A later message of the process was read before: nothing follows from this one. */
  | { readonly type: 'past' }

/** A process that has ended or gone silent. */
export interface ProcessEnd {
  readonly process: LocalProcess
  readonly state: 'ended' | 'gone'
  readonly why: string
  /** What the process itself is told, should it live: another has its name now. */
  readonly farewell: string | null
}

interface RegistryOptions {
  readonly roster: Roster
  readonly mode: NodeMode
  readonly ports: PortPool
  /** Ports that anyone on this host listens at. */
  readonly listening: () => ReadonlySet<number>
  /** Asks a process whether it is there: it answers, or its connection turns out to have ended. */
  readonly ask: (route: string) => void
  /** When this node begins to listen. */
  readonly now: number
}

const item = 'ZeroMQProxyModeEnabled'
const itemValue = (mode: NodeMode) => `${mode} mode (${item} = ${mode === 'proxy'})`

/**
 * The processes of this node. A name is held by a connection: who stands at its other end answers
 * for it. What changes here goes into the roster; time is an argument.
 */
export class Registry {
  readonly #options: RegistryOptions
  readonly #processes = new Map<string, LocalProcess>()
  /** By process and instance. */
  readonly #bearers = new Map<string, Set<LocalProcess>>()
  readonly #routes = new RegistrationRoutes()
  readonly #latest = new LatestMessages()
  readonly #claims: NameClaims
  readonly #ends: ProcessEnd[] = []

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#claims = new NameClaims(options.ask, options.now)
  }

  /** Not ended, in the order in which they came. */
  processes(): IterableIterator<LocalProcess> {
    return this.#processes.values()
  }

  /** Connections of processes, and of those that wait for a name. */
  routes(): string[] {
    return [...this.#routes.keys(), ...this.#claims.routes()]
  }

  get(incarnation: string): LocalProcess | undefined {
    return this.#processes.get(incarnation)
  }

  register(message: RegisterMessage, route: string | null, now: number): RegisterOutcome {
    const { id, registration } = message
    const { incarnation } = registration
    if (this.#latest.isPast(incarnation, id)) return { type: 'past' }
    const refusal = this.#refusal(registration)
    if (refusal) {
      this.#claims.drop(incarnation)
      return { type: 'refused', ...refusal }
    }
    this.#latest.note(incarnation, id)
    const known = this.#processes.get(incarnation)
    if (known === undefined) {
      const claimed = this.#claim(message, route, now)
      if (claimed !== null) return claimed
    }
    const news = this.#newsOf(registration, known)
    const local = known ?? this.#begin(registration, now)
    this.#heard(local, route, now)
    local.registration = { ...registration, place: this.#place(message, now) }
    local.state = registration.state
    local.seen = message.seen
    local.version = message.version ?? null
    local.rate.note(publishedBy(registration), now)
    this.#options.roster.put(rosterEntry(local.registration, local.state), now)
    if (local.state === 'ended') this.#remove(local, now)
    return { type: 'registered', process: local, news }
  }

  /** It says that it is there, and nothing new. */
  here(incarnation: string, route: string, now: number): void {
    const local = this.#processes.get(incarnation)
    if (local?.route === route) this.#heard(local, route, now)
  }

  /** The connection has ended: who lives makes it again soon. */
  connectionEnded(route: string, now: number): void {
    this.#claims.routeEnded(route)
    this.#routes.noteEnd(route)
    for (const local of this.#locals(route)) local.absentSince ??= now
  }

  /** Something could be sent on it. Where it had ended, the process has connected again: it lives. */
  connectionIsOpen(route: string): void {
    if (!this.#routes.noteOpen(route)) return
    for (const local of this.#locals(route)) local.absentSince = null
  }

  /** Connections that have ended, of processes that may make them again: only sending tells whether they have. */
  endedRoutes(): Iterable<string> {
    return this.#routes.ended()
  }

  /** A registration that has waited for a name, and need not any longer: register it again. */
  readyClaim(now: number): ReadyClaim | undefined {
    return this.#claims.ready((registration) => this.#holders(registration), now)
  }

  /** Takes a process over from the file of the last run: nobody has heard it in this one. */
  adopt(registration: Registration, now: number): LocalProcess {
    const local = this.#begin(registration, now)
    const { processPort } = portsOf(registration.place)
    if (processPort !== null) this.#options.ports.hold(registration.incarnation, processPort)
    return local
  }

  /** Looks at every connection and every silence. `late`: how long this process itself stood still. */
  tick(now: number, late: number): void {
    if (late > 0) this.#claims.excuse(late)
    for (const local of this.#processes.values()) {
      local.lastHeard += late
      if (local.absentSince !== null) local.absentSince += late
      this.#look(local, now)
    }
    this.#latest.keepOnly(
      (incarnation) =>
        this.#claims.has(incarnation) || this.#options.roster.get(incarnation) !== undefined,
    )
  }

  /** Who has ended or gone silent since the last call. */
  takeEnds(): ProcessEnd[] {
    return this.#ends.splice(0)
  }

  /** Of whom this connection is. */
  *#locals(route: string): Generator<LocalProcess> {
    for (const incarnation of this.#routes.bearers(route)) {
      const local = this.#processes.get(incarnation)
      if (local?.route === route) yield local
    }
  }

  #look(local: LocalProcess, now: number): void {
    const silence = now - local.lastHeard
    if (local.absentSince !== null && now - local.absentSince >= returnWithinMs) {
      this.#end(local, now, 'its connection ended without a word')
    } else if (silence >= goneKeptMs) {
      this.#options.roster.letGo(local.registration.incarnation, now)
      this.#remove(local, now)
    } else if (silence >= goneAfterMs && isUnheard(local)) {
      // Nobody could tell what it published while GENESIS_CLUSTER was away. It may still come back.
      this.#end(local, now, 'it has not come back since the restart')
    } else if (silence >= goneAfterMs && local.state !== 'gone') {
      local.state = 'gone'
      this.#options.roster.put(rosterEntry(local.registration, 'gone'), now)
      const why = `silent for ${goneAfterMs / 1_000} s`
      this.#ends.push({ process: local, state: 'gone', why, farewell: null })
    }
  }

  #begin(registration: Registration, now: number): LocalProcess {
    const local: LocalProcess = {
      registration,
      state: registration.state,
      route: null,
      messages: 0,
      lastHeard: now,
      absentSince: null,
      seen: { history: null, version: 0 },
      sentVersion: 0,
      rate: new PublishRate(),
      version: null,
    }
    this.#processes.set(registration.incarnation, local)
    const bearers = this.#bearers.get(nameOf(registration)) ?? new Set()
    this.#bearers.set(nameOf(registration), bearers.add(local))
    return local
  }

  #heard(local: LocalProcess, route: string | null, now: number): void {
    // What is read behind the end of its connection was said before it: the process has not come back.
    const isPast = local.absentSince !== null && local.route === route
    const { incarnation } = local.registration
    if (local.route !== null && local.route !== route) this.#routes.remove(local.route, incarnation)
    if (route !== null) this.#routes.add(route, incarnation)
    local.route = route
    local.messages += 1
    local.lastHeard = now
    if (!isPast) local.absentSince = null
  }

  /**
   * A process that was leaving has taken nothing more: its last numbers stay true. One not heard in
   * this run may have begun to publish meanwhile, or other tables: neither what it published nor that it
   * only subscribed is said of it any longer.
   */
  #end(local: LocalProcess, now: number, why: string, farewell: string | null = null): void {
    const { last, state } = local.registration
    local.registration = {
      ...local.registration,
      last: state === 'alive' ? null : last,
      ...(isUnheard(local) && { publishes: [], subscribes: [] }),
    }
    local.state = 'ended'
    this.#options.roster.put(rosterEntry(local.registration, 'ended'), now)
    this.#ends.push({ process: local, state: 'ended', why, farewell })
    this.#remove(local, now)
  }

  #remove(local: LocalProcess, now: number): void {
    this.#processes.delete(local.registration.incarnation)
    const bearers = this.#bearers.get(nameOf(local.registration))
    if (bearers?.delete(local) && bearers.size === 0)
      this.#bearers.delete(nameOf(local.registration))
    if (local.route !== null) this.#routes.remove(local.route, local.registration.incarnation)
    this.#options.ports.release(local.registration.incarnation, now)
  }

  #newsOf({ incarnation, state }: Registration, known: LocalProcess | undefined) {
    if (state === 'ended') return null
    if (known !== undefined) return known.state === 'gone' || isUnheard(known) ? 'back' : null
    return this.#options.roster.get(incarnation) === undefined ? 'registered' : 'back'
  }

  /** Its own, or one with a port that is handed out to it. */
  #place({ registration, wantsPort }: RegisterMessage, now: number): Place | null {
    const { incarnation, place } = registration
    const { processPort, zeromqPort } = portsOf(place)
    if (processPort !== null) this.#options.ports.hold(incarnation, processPort)
    if (processPort !== null || !wantsPort) return place
    const handed = this.#options.ports.take(incarnation, this.#options.listening, now)
    return placeOf({ processPort: handed, zeromqPort })
  }

  #refusal(registration: Registration) {
    const { roster, mode } = this.#options
    if (registration.node !== roster.node) {
      const message = `this process takes its node for ${registration.node}, GENESIS_CLUSTER for ${roster.node}: they read different definitions`
      return { code: 'MODE_MISMATCH', message } as const
    }
    if (registration.mode !== mode) {
      const message = `this process runs in ${itemValue(registration.mode)}, GENESIS_CLUSTER of ${roster.node} in ${itemValue(mode)}; the item applies to all processes`
      return { code: 'MODE_MISMATCH', message } as const
    }
    const message = this.#cloned(registration) ?? this.#over(registration)
    return message === null ? null : ({ code: 'NAME_TAKEN', message } as const)
  }

  /** One incarnation in two processes: a memory image or a machine was copied. */
  #cloned(registration: Registration): string | null {
    const known = this.#options.roster.get(registration.incarnation)
    if (known === undefined || sameLife(known, registration)) return null
    return `incarnation ${registration.incarnation} belongs to ${shownName(known)} (pid ${known.pid}) already: this process is a copy of it`
  }

  /**
   * It has said itself that it ended, or another has taken its name. Who was only taken for dead,
   * since its connection had ended, is welcome back; so is one that was leaving, to end in good order.
   */
  #over(registration: Registration): string | null {
    const { incarnation } = registration
    const known = this.#options.roster.get(incarnation)
    if (known?.state !== 'ended') return null
    if (known.last !== null && registration.state === 'ended') return null
    if (known.last !== null && registration.state === 'alive')
      return `incarnation ${incarnation} has ended: open the queue anew`
    const heir = this.#options.roster
      .changedAfter(incarnation)
      .find((entry) => entry.node === known.node && sameName(entry, registration))
    return heir === undefined ? null : lostTo(registration, heir.pid)
  }

  /** Null: the name is free, or has just become so. */
  #claim(message: RegisterMessage, route: string | null, now: number): RegisterOutcome | null {
    const { registration } = message
    // GENESIS_CLUSTER itself asks nobody.
    if (route === null) return null
    const isNew = !this.#claims.has(registration.incarnation)
    const verdict = this.#claims.judge(message, route, this.#holders(registration), now)
    if (verdict.type === 'taken') {
      return { type: 'refused', code: 'NAME_TAKEN', message: takenBy(verdict.holder.registration) }
    }
    if (verdict.type === 'waiting') {
      return { type: 'waiting', message: waitsFor(verdict.holder.registration), isNew }
    }
    for (const { holder, why } of verdict.free) {
      const farewell = lostTo(holder.registration, registration.pid)
      this.#end(holder, now, `${why}, and pid ${registration.pid} asked for its name`, farewell)
    }
    return null
  }

  #holders(registration: Registration): LocalProcess[] {
    const { incarnation } = registration
    return [...(this.#bearers.get(nameOf(registration)) ?? [])].filter(
      (other) => other.registration.incarnation !== incarnation,
    )
  }
}

/** It is known from the file of the last run only. */
const isUnheard = ({ messages }: LocalProcess) => messages === 0

type Life = Pick<Registration, 'pid' | 'startedAt' | 'process' | 'instance'>

const nameOf = ({ process, instance }: Registration) => `${process}\0${instance}`

const sameName = (one: Omit<Life, 'pid' | 'startedAt'>, other: Omit<Life, 'pid' | 'startedAt'>) =>
  one.process === other.process && one.instance === other.instance

const sameLife = (one: Life, other: Life) =>
  one.pid === other.pid && one.startedAt === other.startedAt && sameName(one, other)

const takenBy = (holder: Registration) =>
  `a process ${shownName(holder)} runs on ${holder.node} already (pid ${holder.pid}, and it has just answered): end it first, or give replicas each an option "instance"`

const waitsFor = (holder: Registration) =>
  holder.state === 'leaving'
    ? `a process ${shownName(holder)} (pid ${holder.pid}) is leaving and holds its name until it has ended`
    : `a process ${shownName(holder)} (pid ${holder.pid}) held the name last, and is asked whether it is there`

const lostTo = (loser: Pick<Registration, 'process' | 'instance'>, heir: number) =>
  `this process has lost its name: it did not answer, and another process ${shownName(loser)} (pid ${heir}) asked for it and has it now. Open the queue anew if that one has ended, or with an option "instance"`
