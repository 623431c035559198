import type { Entry } from './journal-line.ts'
import { Reception } from './reception.ts'
import { Timeline } from './timeline.ts'
import type { Violation } from './violation.ts'

/** One incarnation of an application process, as its journal tells it. */
export class Life {
  /** Of the journal's file. */
  readonly name: string
  node = ''
  process = ''
  incarnation = ''
  isScript = false
  openedAt = Infinity
  /** Commits about to be published, and those that `publish()` has taken. */
  readonly planned = new Timeline()
  readonly done = new Timeline()
  /** `close()` has returned. */
  endedAt = Infinity
  /** Killed, by whoever made the run: what it had planned may exist or not. */
  killedAt = Infinity
  wanted: readonly string[] | '*' | null = null
  readyAt = Infinity
  readonly #names: string[] = []
  readonly #receptions = new Map<string, Reception>()
  readonly violations: Violation[] = []
  /** Losses of publishers unknown. */
  readonly unknownLosses: number[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Nothing of it need ever be lost: it was not killed, and it is no script, which closes when it likes. */
  get mustLoseNothing(): boolean {
    return this.killedAt === Infinity && !this.isScript
  }

  get isAlive(): boolean {
    return this.killedAt === Infinity && this.endedAt === Infinity
  }

  /** What it was given, by incarnation of the publisher. */
  get receptions(): ReadonlyMap<string, Reception> {
    return this.#receptions
  }

  receptionOf(incarnation: string): Reception {
    let reception = this.#receptions.get(incarnation)
    if (!reception) {
      reception = new Reception(this.wanted ?? [], (violation) => this.violations.push(violation))
      this.#receptions.set(incarnation, reception)
    }
    return reception
  }

  take(entry: Entry): void {
    switch (entry.type) {
      case 'open':
        this.node = entry.node
        this.process = entry.process
        this.incarnation = entry.incarnation
        this.isScript = entry.instance !== ''
        this.openedAt = entry.at
        break
      case 'plan':
        this.planned.add(entry.at, entry.commit)
        break
      case 'done':
        this.done.add(entry.at, entry.commit)
        break
      case 'end':
        this.endedAt = entry.at
        break
      case 'want':
        this.wanted = entry.tables
        break
      case 'ready':
        this.readyAt = entry.at
        break
      case 'from':
        this.#names[entry.index] = entry.incarnation
        break
      case 'wrong':
        this.violations.push({ rule: 'wrong', updates: 1, text: entry.text })
        break
      default:
        this.#receive(entry)
    }
  }

  #receive(entry: Extract<Entry, { readonly index: number | null }>): void {
    if (entry.type === 'from') return
    if (entry.index === null) {
      this.unknownLosses.push(entry.at)
      return
    }
    const reception = this.receptionOf(this.#names[entry.index] ?? '')
    if (entry.type === 'took') reception.took(entry.at, entry.first, entry.last)
    else if (entry.type === 'part') reception.part(entry.at, entry.updates, entry.incomplete)
    else if (entry.type === 'lost') reception.lost(entry)
  }
}
