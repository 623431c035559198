import type { Clock } from '../../base/clock.ts'
import { RateLimit } from '../../base/rate-limit.ts'
import type { Registration } from '../../model/roster-entry.ts'
import { newsWords, type OnClusterEvent, type ProcessNews } from '../cluster-event.ts'
import { shownName } from '../../registration/process-snapshot.ts'

/** Within so long, milliseconds, the two numbers below count. */
export const newsIntervalMs = 60_000

/** So often one and the same news of one name is told: a process that its supervisor starts every three seconds. */
export const toldOfOneName = 20

/** So much is told of all: a start of a thousand processes, or ten scripts a second that come and go. */
export const toldOfAll = 2_000

type Named = Pick<Registration, 'process' | 'instance' | 'pid'>

/**
 * Tells what becomes of processes. Without keys anybody on this host may register, as often as he likes and under ever
 * new names: he must not fill the log. What is left out is counted, and told together.
 */
export class NewsOfProcesses {
  readonly #clock: Clock
  readonly #on: OnClusterEvent
  readonly #told = new RateLimit(newsIntervalMs)
  #leftOut: { count: number; refused: number; last: string; readonly since: number } | null = null

  constructor(clock: Clock, on: OnClusterEvent) {
    this.#clock = clock
    this.#on = on
  }

  say(registration: Named, state: ProcessNews, why: string): void {
    const { process, instance, pid } = registration
    const name = shownName(registration)
    const now = this.#clock.now()
    if (!this.#admits(`${state} ${name}`, now))
      return this.#leaveOut(`${name} (pid ${pid})`, state, now)
    const message = `process ${name} ${newsWords[state]}: ${why}`
    this.#on({ type: 'process', process, instance, pid, state, message })
  }

  /** Tells what was left out, once the interval is over. */
  tick(): void {
    if (this.#leftOut && this.#clock.now() - this.#leftOut.since >= newsIntervalMs) this.close()
  }

  /** Tells it now. */
  close(): void {
    if (!this.#leftOut) return
    const { count, refused, last } = this.#leftOut
    this.#leftOut = null
    const seconds = newsIntervalMs / 1_000
    const lines = count === 1 ? '1 line about a process was' : `${count} lines about processes were`
    const message = `${lines} left out, the last about ${last}: within ${seconds} s one news of one name is told ${toldOfOneName} times, and ${toldOfAll} lines in all. Look who registers so often; \`tidings mon\` shows who is there`
    this.#on({ type: 'left-out', count, refused, message })
  }

  /** Each of the times that something may be told is a kind of its own. */
  #admits(news: string, now: number): boolean {
    for (let time = 0; time < toldOfOneName; time += 1)
      if (this.#told.admits(`${time} ${news}`, now, toldOfAll)) return true
    return false
  }

  #leaveOut(last: string, state: ProcessNews, now: number): void {
    this.#leftOut ??= { count: 0, refused: 0, last, since: now }
    this.#leftOut.count += 1
    if (state === 'refused') this.#leftOut.refused += 1
    this.#leftOut.last = last
  }
}
