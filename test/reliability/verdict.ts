import { countsUpTo, tables } from './commit-plan.ts'
import type { Life } from './life.ts'
import type { StreamLedger } from './stream-ledger.ts'
import { countWithin } from './stream-ledger.ts'
import type { Violation } from './violation.ts'

/** When a process was not left alone; both ends in microseconds of the machine's clock. */
export interface Touched {
  /** The journal's name; of a GENESIS_CLUSTER the address of its node. */
  readonly name: string
  readonly from: number
  readonly to: number
}

export interface Circumstances {
  /** Mesh: what happens between processes of a node is nobody else's affair. */
  readonly isMesh: boolean
  /** Faults of processes, their connections included. */
  readonly touched: readonly Touched[]
}

/** Updates owed to a subscription and reported lost. */
export interface ReportedLoss {
  readonly publisher: string
  readonly subscriber: string
  readonly updates: number
}

export interface Verdict {
  readonly violations: Violation[]
  readonly losses: ReportedLoss[]
  readonly deliveries: number
  /** Published after the subscription was ready. */
  readonly owed: number
  /** Owed, and reported lost. */
  readonly reported: number
  /** Owed, neither delivered nor reported so far. */
  readonly silent: number
  /** Reported lost of publishers that live, since they had been silent for ten seconds. */
  readonly givenUp: number
  readonly subscriptions: number
  readonly publishers: number
}

/** How long after a fault a loss may still come of it: silence of 10 s, and repair. */
const aftermathUs = 30_000_000

/** One stream of one subscription against what its publisher published. */
interface Account {
  readonly owed: number
  readonly reported: number
  readonly silent: number
}

interface JudgedAccount extends Account {
  readonly givenUp: number
}

/**
 * Judges from outside, by set arithmetic over what the applications wrote down: everything that a
 * publisher published after a subscription was ready was delivered once, in order and whole, or lies
 * in a reported loss; and nothing else was delivered.
 */
export function judge(lives: readonly Life[], circumstances: Circumstances): Verdict {
  const violations: Violation[] = []
  const publishers = lives.filter((life) => life.planned.last > 0)
  const subscribers = lives.filter((life) => life.wanted !== null)
  const losses: ReportedLoss[] = []
  const total = { deliveries: 0, owed: 0, reported: 0, silent: 0, givenUp: 0 }
  for (const subscriber of subscribers) {
    for (const violation of subscriber.violations)
      violations.push({
        ...violation,
        text: `${subscriber.name}: ${violation.text}`,
        subscriber: subscriber.name,
      })
    judgeLife(subscriber, publishers, violations)
    for (const reception of subscriber.receptions.values()) total.deliveries += reception.delivered
    for (const publisher of publishers) {
      const accounts = judgePair(subscriber, publisher, violations)
      for (const { owed, reported, silent, givenUp } of accounts) {
        if (reported > 0) losses.push({ ...ends(subscriber, publisher), updates: reported })
        total.owed += owed
        total.reported += reported
        total.silent += silent
        total.givenUp += givenUp
      }
      if (circumstances.isMesh) judgeNode(subscriber, publisher, circumstances.touched, violations)
    }
  }
  return {
    violations,
    losses,
    ...total,
    subscriptions: subscribers.length,
    publishers: publishers.length,
  }
}

const ends = (subscriber: Life, publisher: Life) => ({
  subscriber: subscriber.name,
  publisher: publisher.name,
})

function judgeLife(subscriber: Life, publishers: readonly Life[], violations: Violation[]): void {
  const { name } = subscriber
  if (subscriber.isAlive && subscriber.readyAt === Infinity)
    violations.push({ rule: 'never-ready', updates: 1, text: name })
  for (const at of subscriber.unknownLosses)
    violations.push({ rule: 'false-loss', updates: 1, text: `${name}: publishers unknown, ${at}` })
  const known = new Set(publishers.map(({ incarnation }) => incarnation))
  for (const [incarnation, { delivered }] of subscriber.receptions)
    if (delivered > 0 && !known.has(incarnation)) {
      const text = `${name}: of ${incarnation}, which has published nothing`
      violations.push({ rule: 'never-published', updates: delivered, text })
    }
}

function judgePair(subscriber: Life, publisher: Life, violations: Violation[]): JudgedAccount[] {
  const before = countsUpTo(publisher.planned.before(subscriber.readyAt))
  const certain = countsUpTo(publisher.done.last)
  const most = countsUpTo(publisher.planned.last)
  const { streams, atLargeAt } = subscriber.receptionOf(publisher.incarnation)
  return streams.flatMap((stream, place) => {
    if (!stream) return []
    const fail = (rule: Violation['rule'], updates: number, text = '') => {
      const what = `${subscriber.name}: ${publisher.name} ${tables[place]}`
      if (updates > 0)
        violations.push({
          rule,
          updates,
          text: `${what} ${text}`,
          ...ends(subscriber, publisher),
        })
    }
    const last = certain[place] as number
    const owedAfter = subscriber.readyAt === Infinity ? last : (before[place] as number)
    const isAtLarge = atLargeAt < Infinity && stream.first === 0 && !publisher.isAlive
    const account = accountOf(stream, owedAfter, last, subscriber.isAlive, isAtLarge)
    fail('silent-loss', account.silent, describe(stream, owedAfter, last))
    fail('never-published', stream.next - 1 - (most[place] as number), describe(stream, 0, last))
    const falselyLost = needlessOf(stream, publisher, owedAfter, false)
    fail('false-loss', falselyLost, describe(stream, owedAfter, last))
    if (publisher.mustLoseNothing && subscriber.isAlive && stream.openFrom !== null)
      fail('open-for-live', 1, describe(stream, owedAfter, last))
    return [{ ...account, givenUp: needlessOf(stream, publisher, owedAfter, true) }]
  })
}

/**
 * What was owed and reported lost, with an end, although its publisher lived: after it had been
 * silent for ten seconds, or not.
 */
function needlessOf(
  stream: StreamLedger,
  publisher: Life,
  owedAfter: number,
  isSilence: boolean,
): number {
  if (publisher.isScript) return 0
  return stream.told
    .filter((range) => range.isSilence === isSilence && range.at < publisher.killedAt)
    .reduce((sum, { from, to }) => sum + Math.max(0, to - Math.max(from - 1, owedAfter)), 0)
}

function describe(stream: StreamLedger, owedAfter: number, last: number): string {
  const list = (set: Iterable<{ from: number; to: number }>) =>
    [...set].map(({ from, to }) => `${from}–${to}`).join(' ') || 'nothing'
  const { first, next, missing, lost, openFrom } = stream
  const open = openFrom === null ? '' : `, open from ${openFrom}`
  return `owed ${owedAfter + 1}–${last}; here ${first}–${next - 1} without ${list(missing)}; told lost ${list(lost)}${open}`
}

/** A subscriber that is no longer there is judged by what lies before the last that it got. */
function accountOf(
  stream: StreamLedger,
  owedAfter: number,
  last: number,
  isAlive: boolean,
  isAtLarge: boolean,
): Account {
  const { first, next, missing, lost, openFrom } = stream
  const top = isAlive ? last : Math.min(last, next - 1)
  const unexplained = (from: number, to: number) =>
    Math.max(0, to - from + 1) - (from <= to ? countWithin(lost, from, to) : 0)
  const openTo = openFrom === null ? Infinity : Math.max(openFrom, owedAfter + 1)
  const begin = owedAfter + 1
  const head = first === 0 ? 0 : unexplained(begin, Math.min(first - 1, top, openTo - 1))
  const tail = unexplained(Math.max(begin, first === 0 ? begin : next), Math.min(top, openTo - 1))
  const passedOver = countWithin(missing, 0, Infinity)
  const open = Math.max(0, top - openTo + 1)
  const inLosses = begin <= last ? countWithin(lost, begin, last) : 0
  return {
    owed: Math.max(0, top - owedAfter),
    reported: inLosses + open + (isAtLarge ? tail : 0),
    silent: head + passedOver + (isAtLarge ? 0 : tail),
  }
}

/** In a mesh nothing is reported lost inside a node unless one of its two ends was touched. */
function judgeNode(
  subscriber: Life,
  publisher: Life,
  touched: readonly Touched[],
  violations: Violation[],
): void {
  if (subscriber.node !== publisher.node) return
  const names = new Set([subscriber.name, publisher.name])
  // What a script publishes passes GENESIS_CLUSTER in a mesh too, which may be away as long as the script waits.
  if (publisher.isScript) names.add(publisher.node)
  for (const { at } of subscriber.receptionOf(publisher.incarnation).told) {
    const isExplained = touched.some(
      ({ name, from, to }) => names.has(name) && from <= at && at <= to + aftermathUs,
    )
    if (isExplained) continue
    const text = `${subscriber.name}: ${publisher.name} at ${at}`
    violations.push({ rule: 'loss-in-node', updates: 1, text, ...ends(subscriber, publisher) })
  }
}
