import type { TurnedAway } from '../../model/turned-away.ts'

/** So long somebody is remembered, milliseconds: who is refused tries again within seconds. */
const rememberedMs = 20_000

/** Entries at most: ports and reasons are few, names and addresses may be many. */
const mostEntries = 100

type Visit = Pick<TurnedAway, 'why' | 'who' | 'at'>

/** Who was not let in lately, for people. Time is an argument. */
export class TurnedAwayLately {
  /** The latest last. */
  readonly #visits = new Map<string, Visit & { readonly count: number; readonly last: number }>()

  note(visit: Visit, now: number): void {
    const key = `${visit.why} ${visit.at} ${visit.why === 'another version' ? visit.who : ''}`
    const known = this.#visits.get(key)
    const isOn = known !== undefined && now - known.last < rememberedMs
    this.#visits.delete(key)
    this.#visits.set(key, { ...visit, count: isOn ? known.count + 1 : 1, last: now })
    for (const oldest of this.#visits.keys()) {
      if (this.#visits.size <= mostEntries) break
      this.#visits.delete(oldest)
    }
  }

  list(now: number): TurnedAway[] {
    return [...this.#visits.values()].flatMap(({ last, ...visit }) =>
      now - last < rememberedMs ? { ...visit, agoMs: now - last } : [],
    )
  }
}
