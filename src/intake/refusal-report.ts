import type { Clock } from '../base/clock.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import { Alarm } from '../queue/alarm.ts'
import { intakeLimits } from './intake-limits.ts'

/** Messages of one table, of those that name none, or of all tables beyond `refusedKinds`. */
type Which = { readonly table: string } | 'none' | 'others'

interface RefusedMessages {
  readonly which: Which
  readonly reason: string
  /** Not told yet. */
  count: number
  /** In the first of them of which it is known: what is to blame. */
  path: string | undefined
  readonly tellAt: number
}

/**
 * Tells the operator which messages of foreign programs were not taken: the first of a table and reason
 * at once, those that come soon after it together, when the interval is over or when it is closed.
 */
export class RefusalReport {
  readonly #clock: Clock
  readonly #on: (event: ClusterEvent) => void
  readonly #alarm: Alarm
  /** By table and reason, in the order in which they are to be told. */
  readonly #kinds = new Map<string, RefusedMessages>()

  constructor(clock: Clock, on: (event: ClusterEvent) => void) {
    this.#clock = clock
    this.#on = on
    this.#alarm = new Alarm(clock, () => this.#tellDue())
  }

  /** `table`: null where the topic names none. `path`: what in a message is to blame. */
  add(table: string | null, reason: string, count: number, path?: string): void {
    const which: Which = table === null ? 'none' : { table }
    const isNew = !this.#kinds.has(keyOf(which, reason))
    // Programs make up tables as they like, and must not fill the log with them.
    if (isNew && this.#kinds.size >= intakeLimits.refusedKinds) this.#add('others', reason, count)
    else this.#add(which, reason, count, path)
  }

  /** Tells the rest. */
  close(): void {
    this.#alarm.cancel()
    for (const { which, reason, count, path } of this.#kinds.values())
      if (count > 0) this.#say(which, reason, count, path)
    this.#kinds.clear()
  }

  #add(which: Which, reason: string, count: number, path?: string): void {
    const known = this.#kinds.get(keyOf(which, reason))
    if (!known) return this.#tell(which, reason, count, path)
    known.count += count
    known.path ??= path
  }

  #tell(which: Which, reason: string, count: number, path: string | undefined): void {
    this.#say(which, reason, count, path)
    const tellAt = this.#clock.now() + intakeLimits.refusedIntervalMs
    this.#kinds.set(keyOf(which, reason), { which, reason, count: 0, path: undefined, tellAt })
    this.#alarm.by(tellAt)
  }

  #tellDue(): void {
    const now = this.#clock.now()
    for (const [key, { which, reason, count, path, tellAt }] of this.#kinds) {
      if (tellAt > now) return this.#alarm.by(tellAt)
      this.#kinds.delete(key)
      if (count > 0) this.#tell(which, reason, count, path)
    }
  }

  #say(which: Which, reason: string, count: number, path: string | undefined): void {
    const table = typeof which === 'object' ? which.table : null
    const at = path === undefined ? '' : count === 1 ? ` at ${path}` : `, the first at ${path}`
    const message = `${sentenceOf(which, count)} not taken: ${reason}${at}`
    this.#on({ type: 'refused', table, reason, count, path: path ?? null, message })
  }
}

const keyOf = (which: Which, reason: string): string => JSON.stringify([which, reason])

function sentenceOf(which: Which, count: number): string {
  const of = typeof which === 'object' ? `for table ${which.table}` : whichWords[which]
  return count === 1
    ? `1 message of a foreign program ${of} was`
    : `${count} messages of foreign programs ${of} were`
}

const whichWords = { none: 'without a table', others: 'for other tables' } as const
