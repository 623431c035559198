import { type Random, seededRandom } from '../../base/random.ts'
import { LiveGroup } from '../../live/live-group.ts'
import { liveLimits } from '../../live/live-limits.ts'
import { openGroup } from '../../live/open-live.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import { type Actor, otherFieldsEvery } from './actor.ts'
import type { Verdict } from './checker.ts'
import { keyField } from './folding.ts'
import type { PublishedUpdate, PublisherJournal } from './journal.ts'
import { Trial, type TrialOptions } from './trial.ts'

/** Tables that live tables are kept of: those that most is published of. */
const liveNames = ['A', 'B'] as const

/** A read takes up to so long, milliseconds, and sees the database at some moment of that. */
const readMs = 60

/** Of the reads of a live table that is open so many fail. */
const failedShare = 0.1

/** How often it is looked whether a process is open, milliseconds. */
const lookMs = 20

/** A row of the simulated database: the change with the highest version that somebody has committed. */
interface Committed {
  readonly update: PublishedUpdate
  readonly publisher: PublisherJournal
}

/** A cluster whose publishers change rows of one database, and whose subscribers keep live tables of it, under all faults. */
export class LiveTrial extends Trial {
  readonly #groups = new Map<Actor, LiveGroup>()
  /** Rows that were compared, and of these such as nobody can know: see `isUntold()`. */
  readonly compared = { rows: 0, untold: 0 }

  constructor(options: TrialOptions) {
    super({ ...options, versions: true })
  }

  override spawnSubscriber(name: number): Actor {
    const actor = super.spawnSubscriber(name)
    const random = seededRandom(this.options.seed * 7919 + name * 31 + 4)
    const open = (): void => {
      if (actor.isClosing) return
      if (!actor.isOpen) actor.process.after(lookMs, open)
      else this.follow(this.#open(actor, random))
    }
    open()
    return actor
  }

  override async run(): Promise<Verdict> {
    const verdict = await super.run()
    for (const [actor, group] of this.#groups)
      if (actor.process.isAlive && !actor.isClosing)
        for (const table of liveNames) this.#compare(actor, group, table, verdict)
    return verdict
  }

  async #open(actor: Actor, random: Random): Promise<void> {
    const read = async (table: string, places: readonly number[] | null) => {
      await this.#wait(actor, random() * readMs)
      const rows = this.#rows(table).filter(
        ({ update: { place } }) => places?.includes(place) ?? true,
      )
      const result = { rows: rows.map(recordOf), version: this.#last() }
      await this.#wait(actor, random() * readMs)
      if (this.#groups.has(actor) && random() < failedShare) throw new Error('the read has failed')
      return result
    }
    const tables = Object.fromEntries(
      liveNames.map((table) => [
        table,
        {
          key: keyField,
          read: () => read(table, null),
          readKeys: (places: readonly unknown[]) => read(table, places as number[]),
        },
      ]),
    )
    const surroundings = { clock: actor.process, random, limits: liveLimits }
    const queue = actor.queue as unknown as UpdateQueue
    const opening = openGroup(queue, 'the trial', tables, {}, surroundings)
    // Its process may end before it is open.
    const group = await opening.catch(() => null)
    if (group) this.#groups.set(actor, group)
  }

  #wait({ process }: Actor, ms: number): Promise<void> {
    return new Promise((resolve) => process.after(ms, resolve))
  }

  #compare(actor: Actor, group: LiveGroup, table: string, { violations }: Verdict): void {
    const held = new Map(
      [...group.core.rowsOf(table).records()].map((row) => [(row as { place: number }).place, row]),
    )
    const name = actor.process.incarnation.slice(0, 6)
    if (group.stateOf(table) !== 'live')
      violations.push({ rule: 'not-live', text: `${name}: ${table} is ${group.stateOf(table)}` })
    for (const row of this.#rows(table)) {
      this.compared.rows += 1
      const { place, version, sequence } = row.update
      const has = JSON.stringify(held.get(place))
      const asked = JSON.stringify(recordOf(row))
      if (has === asked) continue
      if (isUntold(row)) this.compared.untold += 1
      else
        violations.push({
          rule: 'not-equal',
          text: `${name} has ${has} in ${table}, not ${asked}: version ${version}, ${sequence} of ${row.publisher.incarnation.slice(0, 6)}`,
        })
    }
  }

  #rows(table: string): Committed[] {
    const rows = new Map<number, Committed>()
    for (const publisher of this.publishers.values())
      for (const update of publisher.updates.get(table) ?? []) {
        const known = rows.get(update.place)?.update.version ?? -1n
        if (update.version !== undefined && update.version > known)
          rows.set(update.place, { update, publisher })
      }
    return [...rows.values()]
  }

  /** No change that anybody has committed has a higher version. */
  #last(): bigint {
    let last = 0n
    for (const { commits } of this.publishers.values())
      for (const { version } of commits.flat())
        if (version !== undefined && version > last) last = version
    return last
  }
}

/** As the publisher made it. */
const recordOf = ({ update: { commit, place } }: Committed): object => ({
  commit,
  place,
  ...(commit % otherFieldsEvery === 0 && { note: 'other fields' }),
})

/** Its publisher was killed: what it had not sent before that nobody may have been told of. */
const isUntold = ({ publisher }: Committed): boolean =>
  publisher.endedAt < Infinity && publisher.leftAt === Infinity
