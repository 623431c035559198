import type {
  DeliveredUpdate,
  PublishedUpdate,
  PublisherJournal,
  ReportedLoss,
  SubscriberJournal,
} from './journal.ts'
import type { Fail } from './violation.ts'

export interface ToldRange {
  from: number
  to: number
  readonly at: number
  /** It was reported open: an update of it may come after all. */
  readonly wasOpen: boolean
  /** Nothing was lost: it is what was published. */
  readonly isReset: boolean
}

/** What one subscription was given and told of one stream. */
export interface StreamLedger {
  readonly incarnation: string
  readonly table: string
  readonly delivered: Map<number, DeliveredUpdate>
  readonly told: ToldRange[]
  /** Highest sequence delivered. */
  last: number
}

/** The journal of one subscription, stream by stream. */
export class StreamLedgers {
  readonly #ledgers = new Map<string, StreamLedger>()
  readonly #openInAny = new Map<string, ReportedLoss>()

  readonly #publishers: ReadonlyMap<string, PublisherJournal>

  constructor(
    { delivered, losses }: SubscriberJournal,
    publishers: ReadonlyMap<string, PublisherJournal>,
    fail: Fail,
  ) {
    this.#publishers = publishers
    for (const update of delivered) this.#deliver(update, fail)
    for (const loss of losses) this.#tell(loss, fail)
  }

  /** Of these publishers it was told that any table may be lost, and it was not told how far: by incarnation. */
  get openInAny(): ReadonlyMap<string, ReportedLoss> {
    return this.#openInAny
  }

  /** All of which it was given or told anything. */
  get all(): Iterable<StreamLedger> {
    return this.#ledgers.values()
  }

  of(incarnation: string, table: string): StreamLedger {
    const key = `${incarnation} ${table}`
    let ledger = this.#ledgers.get(key)
    if (!ledger) {
      ledger = { incarnation, table, delivered: new Map(), told: [], last: 0 }
      this.#ledgers.set(key, ledger)
    }
    return ledger
  }

  #deliver(update: DeliveredUpdate, fail: Fail): void {
    const { incarnation, table, sequence } = update
    const ledger = this.of(incarnation, table)
    const name = `${incarnation.slice(0, 6)}.${table}${sequence} at ${update.at.toFixed(0)}`
    if (ledger.delivered.has(sequence)) fail('twice', name)
    else if (sequence < ledger.last) fail('out-of-order', `${name} after ${ledger.last}`)
    ledger.delivered.set(sequence, update)
    ledger.last = Math.max(ledger.last, sequence)
  }

  #tell(loss: ReportedLoss, fail: Fail): void {
    if (loss.publisher === null) return
    if (loss.table === null) {
      this.#tellInAny(loss, loss.publisher.incarnation, fail)
      return
    }
    const ledger = this.of(loss.publisher.incarnation, loss.table)
    const commits = this.#publishers.get(ledger.incarnation)?.commits ?? []
    checkBand(ledger, loss, commits, fail)
    if (loss.ends) closeOpen(ledger, loss, fail)
    else
      ledger.told.push({
        from: loss.from ?? 0,
        to: loss.to ?? Infinity,
        at: loss.at,
        wasOpen: loss.to === null,
        isReset: loss.reason === 'reset',
      })
  }

  #tellInAny(loss: ReportedLoss, publisher: string, fail: Fail): void {
    if (!loss.ends) this.#openInAny.set(publisher, loss)
    else if (!this.#openInAny.delete(publisher)) fail('end-without-open', nameOf(loss))
  }
}

function closeOpen(ledger: StreamLedger, loss: ReportedLoss, fail: Fail): void {
  const open = ledger.told.find(({ to }) => to === Infinity)
  if (!open) {
    fail('end-without-open', nameOf(loss))
    return
  }
  open.to = loss.to ?? Infinity
  open.from = Math.min(open.from, loss.from ?? 0)
}

/** A loss stands behind what precedes it in its stream, but for a commit that it cuts, and before what follows. */
function checkBand(
  ledger: StreamLedger,
  loss: ReportedLoss,
  commits: readonly (readonly PublishedUpdate[])[],
  fail: Fail,
): void {
  const { from, to, afterDelivery } = loss
  const isCut = ({ isIncomplete, commit }: DeliveredUpdate): boolean =>
    isIncomplete &&
    (commits[commit - 1] ?? []).some(
      ({ table, sequence }) =>
        table === ledger.table && (from ?? 0) <= sequence && sequence <= (to ?? Infinity),
    )
  for (const [sequence, update] of ledger.delivered) {
    const { delivery } = update
    if (from !== null && sequence < from && delivery > afterDelivery && !isCut(update))
      fail('out-of-band', `${nameOf(loss)} before ${sequence}`)
    if (to !== null && sequence > to && delivery <= afterDelivery)
      fail('out-of-band', `${nameOf(loss)} behind ${sequence}`)
  }
}

export const nameOf = ({ publisher, table, from, to, reason, at }: ReportedLoss): string =>
  `${publisher?.incarnation.slice(0, 6)}.${table}${from}..${to} ${reason} at ${at.toFixed(0)}`
