import { countsUpTo } from '../commit-plan.ts'
import type { Life } from '../life.ts'
import type { Injected } from './injected.ts'

/**
 * How long after the end of a fault, milliseconds, until every subscription that was ready had
 * everything that was published until then, delivered or reported; and every subscription of a life
 * that the fault began was ready. A pair that another fault hits before it has healed counts for
 * that one. null: no pair was left alone that long.
 */
export function healMs(fault: Injected, log: readonly Injected[], lives: readonly Life[]) {
  const others = log.filter((other) => other !== fault && other.to > fault.to)
  let healedAt: number | null = null
  const heal = (at: number) => {
    healedAt = Math.max(healedAt ?? fault.to, at)
  }
  for (const life of lives) {
    const isNew = fault.lives.includes(life.name) && isThere(life, fault.to)
    if (!isNew || life.wanted === null || life.readyAt <= fault.to) continue
    if (isUndisturbed([life], fault.to, life.readyAt, others)) heal(life.readyAt)
  }
  for (const subscriber of lives) {
    if (!(subscriber.readyAt < fault.to) || !isThere(subscriber, fault.to)) continue
    for (const publisher of lives) {
      const at = caughtUpAt(subscriber, publisher, fault.to)
      if (at !== null && isUndisturbed([subscriber, publisher], fault.to, at, others)) heal(at)
    }
  }
  return healedAt === null ? null : (healedAt - fault.to) / 1000
}

const isThere = (life: Life, at: number) => life.killedAt > at && life.endedAt > at

/** When it had what was published until a time; null: it was owed nothing. */
function caughtUpAt(subscriber: Life, publisher: Life, until: number): number | null {
  const target = countsUpTo(publisher.done.before(until))
  const before = countsUpTo(publisher.planned.before(subscriber.readyAt))
  const reception = subscriber.receptions.get(publisher.incarnation)
  let latest: number | null = null
  for (const [place, stream] of (reception?.streams ?? []).entries()) {
    const number = target[place] as number
    if (!stream || number <= (before[place] as number)) continue
    const told = reception?.atLargeAt ?? Infinity
    const at = Math.min(stream.settled.reached(number), stream.openAt, told)
    latest = Math.max(latest ?? -Infinity, at)
  }
  return latest
}

function isUndisturbed(
  ends: readonly Life[],
  from: number,
  to: number,
  others: readonly Injected[],
): boolean {
  const names = new Set(ends.map(({ name }) => name))
  const nodes = new Set(ends.map(({ node }) => node))
  return !others.some(
    (other) =>
      other.from <= to &&
      other.to >= from &&
      (other.lives.some((life) => names.has(life)) || other.nodes.some((node) => nodes.has(node))),
  )
}

/** Updates that came while the fault was at work. */
export function deliveriesUnder(fault: Injected, lives: readonly Life[]): number {
  let sum = 0
  for (const life of lives)
    for (const { streams } of life.receptions.values())
      for (const stream of streams) {
        if (!stream || stream.first === 0) continue
        const from = Math.max(stream.settled.before(fault.from), stream.first - 1)
        sum += Math.max(0, stream.settled.before(fault.to) - from)
      }
  return sum
}
