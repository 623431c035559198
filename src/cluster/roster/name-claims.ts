import type { Registration } from '../../model/roster-entry.ts'
import type { RegisterMessage } from '../../registration/registration-message.ts'
import { registrationIntervalMs } from '../../registration/registration-message.ts'
import { socketLimits } from '../../sockets/socket-options.ts'
import type { LocalProcess } from './local-process.ts'

/** How long who bears a name has to answer on its connection when another asks for it, milliseconds. */
export const answerWithinMs = 1_000

/**
 * How long those that only the file of the last run knows have to come back after the start of
 * GENESIS_CLUSTER before another may have their name, milliseconds: by then whoever lives has connected.
 */
export const reclaimWithinMs = socketLimits.reconnectMaxIntervalMs

/** Silence after which one that is leaving holds its name no longer, milliseconds: three heartbeats. */
export const leavingSilentMs = 3 * registrationIntervalMs

/** A holder that has lost its name, and why. */
interface Loser {
  readonly holder: LocalProcess
  readonly why: string
}

type ClaimVerdict =
  | { readonly type: 'taken'; readonly holder: LocalProcess }
  | { readonly type: 'waiting'; readonly holder: LocalProcess }
  | { readonly type: 'free'; readonly free: readonly Loser[] }

/** A registration that has waited for its name. */
export interface ReadyClaim {
  readonly message: RegisterMessage
  readonly route: string | null
}

interface Claim extends ReadyClaim {
  /** By incarnation: when a holder was asked, and how much it had said until then. */
  readonly asked: Map<string, { at: number; readonly messages: number }>
}

type Judgement = 'taken' | 'waiting' | { readonly why: string }

/**
 * Who asks for a name that another bears. The holder keeps it if it answers on its connection; it
 * loses it when the connection has ended, or it does not answer in time. Time is an argument.
 */
export class NameClaims {
  readonly #ask: (route: string) => void
  /** By incarnation, in the order of asking. */
  readonly #claims = new Map<string, Claim>()
  #began: number

  /** `began`: when this GENESIS_CLUSTER began to listen. */
  constructor(ask: (route: string) => void, began: number) {
    this.#ask = ask
    this.#began = began
  }

  *routes(): Generator<string> {
    for (const { route } of this.#claims.values()) if (route !== null) yield route
  }

  /** May this process have its name from those who bear it? */
  judge(
    message: RegisterMessage,
    route: string | null,
    holders: readonly LocalProcess[],
    now: number,
  ): ClaimVerdict {
    const { incarnation, state } = message.registration
    const asked = this.#claims.get(incarnation)?.asked ?? new Map()
    const claim = { message, route, asked }
    const verdict = this.#verdict(claim, holders, now)
    if (verdict.type === 'waiting' && state !== 'ended') this.#claims.set(incarnation, claim)
    else this.#claims.delete(incarnation)
    return verdict
  }

  has(incarnation: string): boolean {
    return this.#claims.has(incarnation)
  }

  drop(incarnation: string): void {
    this.#claims.delete(incarnation)
  }

  routeEnded(route: string): void {
    for (const [incarnation, claim] of this.#claims) {
      if (claim.route === route) this.#claims.delete(incarnation)
    }
  }

  /** Nobody is charged for the time in which we stood still. */
  excuse(late: number): void {
    this.#began += late
    for (const { asked } of this.#claims.values()) {
      for (const each of asked.values()) each.at += late
    }
  }

  /** One whose wait is over, for good or bad: judge it again. */
  ready(
    holdersOf: (registration: Registration) => readonly LocalProcess[],
    now: number,
  ): ReadyClaim | undefined {
    for (const claim of this.#claims.values()) {
      const holders = holdersOf(claim.message.registration)
      if (this.#verdict(claim, holders, now).type !== 'waiting') return claim
    }
    return undefined
  }

  #verdict(claim: Claim, holders: readonly LocalProcess[], now: number): ClaimVerdict {
    const free: Loser[] = []
    let awaited: LocalProcess | null = null
    for (const holder of holders) {
      const judgement = this.#judgement(claim, holder, now)
      if (judgement === 'taken') return { type: 'taken', holder }
      if (judgement === 'waiting') awaited = holder
      else free.push({ holder, why: judgement.why })
    }
    return awaited === null ? { type: 'free', free } : { type: 'waiting', holder: awaited }
  }

  #judgement(claim: Claim, holder: LocalProcess, now: number): Judgement {
    if (holder.absentSince !== null) return { why: 'its connection had ended' }
    // GENESIS_CLUSTER itself, which needs no connection to itself.
    if (holder.route === null && holder.messages > 0) return 'taken'
    const { at, messages } = this.#asked(claim, holder, now)
    if (holder.messages > messages) {
      if (holder.state !== 'leaving') return 'taken'
      return now - holder.lastHeard < leavingSilentMs ? 'waiting' : { why: 'it fell silent' }
    }
    if (holder.route === null) {
      const why = 'it was known from before the restart only'
      return now - this.#began < reclaimWithinMs ? 'waiting' : { why }
    }
    const why = `it did not answer within ${answerWithinMs} ms`
    return now - at < answerWithinMs ? 'waiting' : { why }
  }

  #asked(claim: Claim, { registration, route, messages }: LocalProcess, now: number) {
    const known = claim.asked.get(registration.incarnation)
    if (known) return known
    const made = { at: now, messages }
    claim.asked.set(registration.incarnation, made)
    if (route !== null) this.#ask(route)
    return made
  }
}
