import { processName } from '../../../model/publisher-identity.ts'
import type { KnownProcess, PresenceBook } from './presence-book.ts'
import { presenceLimits } from './presence-limits.ts'
import { digestOf, type RosterDigest } from './roster-digest.ts'

/**
 * When the roster is known in full. No broker says so: some bring what they keep after the answer to the subscription, some not
 * all of it, some none. So everybody is asked, and it is settled when all who are known have answered and nothing new is said;
 * or at once, when somebody for whom it is settled knows the same processes. Time is an argument.
 */
export class RosterSettlement {
  readonly #book: PresenceBook
  readonly #own: string
  readonly #vouched = new Set<string>()
  #askedAt = Infinity
  #heardAt = -Infinity
  #isSettled = false

  /** `own`: the incarnation of this process, which others may know already. */
  constructor(book: PresenceBook, own: string) {
    this.#book = book
    this.#own = own
  }

  /** What a question is behind of is here: everybody is asked now. */
  asked(now: number): void {
    this.#askedAt = now
    this.#heardAt = now
    this.#isSettled = false
    this.#vouched.clear()
  }

  /** The connection has ended: what is asked on the next one counts. */
  lost(): void {
    this.#askedAt = Infinity
  }

  /** Something was said of somebody; `known`: whom who answers knows, all of them. */
  heard(known: RosterDigest | null, now: number): void {
    this.#heardAt = now
    if (known) this.#vouched.add(textOf(known))
  }

  isSettled(now: number): boolean {
    if (this.#askedAt === Infinity) return false
    this.#isSettled ||= this.#isVouched() || this.#isAnswered(now) || this.#isLate(now)
    return this.#isSettled
  }

  /**
   * The same, and each of these has said itself that it is there, or is silent for long. That somebody knows the same
   * processes says who may be there, and not that they live.
   */
  isSettledWith(awaited: Iterable<KnownProcess>, now: number): boolean {
    return this.isSettled(now) && (this.#isLate(now) || ![...awaited].some(isUnanswered))
  }

  /** Whom this process knows to be there: what it answers; null before it is settled. */
  known(now: number): RosterDigest | null {
    return this.isSettled(now) ? digestOf(this.#living(true)) : null
  }

  /** Who has not answered, by name. */
  unanswered(): string[] {
    return this.#unanswered().map(({ entry }) => processName(entry))
  }

  #isVouched(): boolean {
    if (this.#vouched.size === 0) return false
    return [true, false].some((withOwn) =>
      this.#vouched.has(textOf(digestOf(this.#living(withOwn)))),
    )
  }

  #isAnswered(now: number): boolean {
    const { quietMs, quietAloneMs } = presenceLimits
    const isAlone = [...this.#living(false)].length === 0
    return (
      this.#unanswered().length === 0 && now - this.#heardAt >= (isAlone ? quietAloneMs : quietMs)
    )
  }

  #isLate(now: number): boolean {
    return now - this.#askedAt >= presenceLimits.settleWithinMs
  }

  #unanswered() {
    return [...this.#book.living()].filter(
      (known) => isUnanswered(known) && known.incarnation !== this.#own,
    )
  }

  *#living(withOwn: boolean): Generator<string> {
    for (const { incarnation } of this.#book.living())
      if (incarnation !== this.#own) yield incarnation
    if (withOwn) yield this.#own
  }
}

const isUnanswered = ({ isConfirmed, presence }: KnownProcess): boolean =>
  !isConfirmed && presence === 'here'

const textOf = ({ count, digest }: RosterDigest): string => `${count} ${digest}`
