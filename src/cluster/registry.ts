import type { NodeMode, Registration } from '../model/roster.ts'
import type { RegisterMessage } from '../transport/zeromq/registration-message.ts'
import type { LocalProcess } from './local-process.ts'
import { PublishRate, rosterEntry } from './local-process.ts'
import type { PortPool } from './port-pool.ts'
import type { ProcessLiveness } from './process-liveness.ts'
import type { Roster } from './roster.ts'

/** Silence after which touch with a process is lost, milliseconds: ten of its heartbeats. */
export const goneAfterMs = 10_000

/**
 * Silence after which an old incarnation is taken for closed when the same OS process registers a
 * new one, milliseconds: its event loop runs, so three heartbeats cannot all be late.
 */
export const reopenedAfterMs = 3_000

/** Silence after which a process of unknown fate is forgotten, milliseconds; else they would add up. */
export const goneKeptMs = 60 * 60_000

/** Silence after which a pid is looked at more closely where that is costly, milliseconds. */
const thoroughAfterMs = 3_000

export type RegisterOutcome =
  | { readonly type: 'registered'; readonly process: LocalProcess; readonly begins: boolean }
  | {
      readonly type: 'refused'
      readonly code: 'NAME_TAKEN' | 'MODE_MISMATCH'
      readonly message: string
    }

/** A process that has ended or gone silent. */
export interface ProcessEnd {
  readonly process: LocalProcess
  readonly state: 'ended' | 'gone'
  readonly why: string
}

export interface RegistryOptions {
  readonly roster: Roster
  readonly mode: NodeMode
  readonly ports: PortPool
  readonly liveness: ProcessLiveness
  /** Ports that anyone on this host listens at. */
  readonly listening: () => ReadonlySet<number>
}

const item = 'ZeroMQProxyModeEnabled'
const itemValue = (mode: NodeMode) => `${mode} mode (${item} = ${mode === 'proxy'})`

/** The processes of this node. What changes here goes into the roster; time is an argument. */
export class Registry {
  readonly #options: RegistryOptions
  readonly #processes = new Map<string, LocalProcess>()
  readonly #ends: ProcessEnd[] = []

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** Not ended, in the order in which they came. */
  processes(): IterableIterator<LocalProcess> {
    return this.#processes.values()
  }

  get(incarnation: string): LocalProcess | undefined {
    return this.#processes.get(incarnation)
  }

  register(message: RegisterMessage, route: string | null, now: number): RegisterOutcome {
    const { registration } = message
    const refusal = this.#refusal(registration, now)
    if (refusal) return { type: 'refused', ...refusal }
    const known = this.#processes.get(registration.incarnation)
    const local = known ?? this.#begin(registration, now)
    const port = this.#port(message)
    local.registration = { ...registration, processPort: port }
    local.state = registration.state
    local.route = route
    local.lastHeard = now
    local.seen = message.seen
    local.identity ??= this.#identify(message)
    local.rate.note(sum(registration), now)
    this.#options.roster.put(rosterEntry(local.registration, local.state), now)
    if (local.state === 'ended') this.#remove(local)
    const begins = known === undefined && local.state !== 'ended'
    return { type: 'registered', process: local, begins }
  }

  /** Takes a process over from the file of the last run. */
  adopt(registration: Registration, identity: string | null, now: number): LocalProcess {
    const local = this.#begin(registration, now)
    local.identity = identity
    if (registration.processPort !== null) {
      this.#options.ports.hold(registration.incarnation, registration.processPort)
    }
    return local
  }

  /** Looks at every pid and every silence. `late`: how long this process itself stood still. */
  tick(now: number, late: number): void {
    for (const local of this.#processes.values()) {
      local.lastHeard += late
      this.look(local, now)
    }
  }

  /** Has this process ended? Called when its connection ends, and at each tick. */
  look(local: LocalProcess, now: number): void {
    const silence = now - local.lastHeard
    const { pid } = local.registration
    const thorough = silence >= thoroughAfterMs
    if (this.#options.liveness.check(pid, local.identity, thorough) === 'dead') {
      this.#end(local, now, `its pid ${pid} is dead`)
    } else if (silence >= goneKeptMs) {
      this.#options.roster.forget(local.registration.incarnation)
      this.#remove(local)
    } else if (silence >= goneAfterMs && local.state !== 'gone') {
      local.state = 'gone'
      this.#options.roster.put(rosterEntry(local.registration, 'gone'), now)
      this.#ends.push({ process: local, state: 'gone', why: `silent for ${goneAfterMs} ms` })
    }
  }

  /** Who has ended or gone silent since the last call. */
  takeEnds(): ProcessEnd[] {
    return this.#ends.splice(0)
  }

  #begin(registration: Registration, now: number): LocalProcess {
    const local: LocalProcess = {
      registration,
      state: registration.state,
      identity: null,
      route: null,
      lastHeard: now,
      seen: { history: null, version: 0 },
      sentVersion: 0,
      rate: new PublishRate(),
    }
    this.#processes.set(registration.incarnation, local)
    return local
  }

  /**
   * A process that was leaving has taken nothing more: its last numbers stay true. One not heard in
   * this run may have begun to publish meanwhile: that it only subscribed is no longer said of it.
   */
  #end(local: LocalProcess, now: number, why: string): void {
    const { last, state, subscribes } = local.registration
    local.registration = {
      ...local.registration,
      last: state === 'alive' ? null : last,
      subscribes: local.route === null ? [] : subscribes,
    }
    local.state = 'ended'
    this.#options.roster.put(rosterEntry(local.registration, 'ended'), now)
    this.#ends.push({ process: local, state: 'ended', why })
    this.#remove(local)
  }

  #remove(local: LocalProcess): void {
    this.#processes.delete(local.registration.incarnation)
    this.#options.ports.release(local.registration.incarnation)
  }

  /** A message may outlive its process: one that was killed right behind it must not hold its name. */
  #identify({ registration, pidScope }: RegisterMessage): string | null {
    const { pid, startedAt } = registration
    return this.#options.liveness.identify(pid, startedAt, pidScope)
  }

  #port({ registration, wantsPort }: RegisterMessage): number | null {
    const { incarnation, processPort } = registration
    if (processPort !== null) this.#options.ports.hold(incarnation, processPort)
    if (processPort !== null || !wantsPort) return processPort
    return this.#options.ports.take(incarnation, this.#options.listening)
  }

  #refusal(registration: Registration, now: number) {
    const { roster, mode } = this.#options
    if (registration.node !== roster.node) {
      const message = `this process takes its node for ${registration.node}, GENESIS_CLUSTER for ${roster.node}: they read different definitions`
      return { code: 'MODE_MISMATCH', message } as const
    }
    if (registration.mode !== mode) {
      const message = `this process runs in ${itemValue(registration.mode)}, GENESIS_CLUSTER of ${roster.node} in ${itemValue(mode)}; the item applies to all processes`
      return { code: 'MODE_MISMATCH', message } as const
    }
    const message = this.#cloned(registration) ?? this.#nameTaken(registration, now)
    return message === null ? null : ({ code: 'NAME_TAKEN', message } as const)
  }

  /** One incarnation in two processes: a memory image or a machine was copied. */
  #cloned(registration: Registration): string | null {
    const known = this.#options.roster.get(registration.incarnation)
    if (known === undefined) return null
    const { incarnation } = registration
    if (!sameLife(known, registration)) {
      return `incarnation ${incarnation} belongs to ${known.process} (pid ${known.pid}) already: this process is a copy of it`
    }
    const returns = known.state === 'ended' && registration.state !== 'ended'
    return returns ? `incarnation ${incarnation} has ended: open the queue anew` : null
  }

  #nameTaken(registration: Registration, now: number): string | null {
    for (const other of this.#processes.values()) {
      if (!sameName(other.registration, registration)) continue
      if (other.registration.incarnation === registration.incarnation) continue
      if (this.#mayFollow(other, registration, now)) continue
      const instance = registration.instance === '' ? '' : `, instance ${registration.instance}`
      return `a process ${registration.process}${instance} runs on ${registration.node} already (pid ${other.registration.pid}); give replicas each an option "instance"`
    }
    return null
  }

  /** True: the old bearer of the name is no more, and is ended here where that is certain. */
  #mayFollow(old: LocalProcess, next: Registration, now: number): boolean {
    const { pid } = old.registration
    const silence = now - old.lastHeard
    const life = this.#options.liveness.check(pid, old.identity, true)
    if (life === 'dead') {
      this.#end(old, now, `its pid ${pid} is dead`)
      return true
    }
    if (pid === next.pid && old.registration.startedAt === next.startedAt) {
      const closed = old.registration.state === 'leaving' || silence >= reopenedAfterMs
      if (closed) this.#end(old, now, `pid ${pid} opened the queue anew`)
      return closed
    }
    return life === 'unknown' && silence >= goneAfterMs
  }
}

const sum = ({ sequences }: Registration) => sequences.reduce((total, { last }) => total + last, 0)

const sameName = (one: Registration, other: Registration) =>
  one.process === other.process && one.instance === other.instance

type Life = Pick<Registration, 'pid' | 'startedAt' | 'process' | 'instance'>

const sameLife = (one: Life, other: Life) =>
  one.pid === other.pid &&
  one.startedAt === other.startedAt &&
  one.process === other.process &&
  one.instance === other.instance
