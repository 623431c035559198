import type { BatchMessage } from '../model/message.ts'
import type { Update } from '../model/update.ts'

/** Whole commits that may be delivered together, or one commit of which a part is lost. */
export interface CommitGroup {
  readonly updates: Update[]
  readonly incomplete: boolean
}

interface Placed {
  readonly update: Update
  readonly commit: number
  readonly place: number
}

/**
 * Puts the batches of one parcel together again: the updates of each commit in the order of its
 * `publish()` call, the commits in theirs. A commit that lacks an update of a wanted table stands
 * in a group of its own.
 */
export class CommitGrouping {
  readonly #wants: (table: string) => boolean
  readonly #placed: Placed[] = []
  /** For each commit, how many updates of wanted tables it has. */
  readonly #expected = new Map<number, number>()
  readonly #here = new Map<number, number>()

  constructor(wants: (table: string) => boolean) {
    this.#wants = wants
  }

  /** Adds the updates of a batch from index `skip` on. */
  add(batch: BatchMessage, skip: number, updates: readonly Update[]): void {
    let index = 0
    const take = (commit: number, place: number): void => {
      if (index >= skip) {
        const update = updates[index - skip]
        if (update) this.#placed.push({ update, commit, place })
        this.#here.set(commit, (this.#here.get(commit) ?? 0) + 1)
      }
      index++
    }
    for (const entry of batch.commits) {
      if (entry.type === 'run')
        for (let commit = entry.commit; commit < entry.commit + entry.commits; commit++) {
          this.#expected.set(commit, entry.updatesEach)
          for (let place = 0; place < entry.updatesEach; place++) take(commit, place)
        }
      else {
        const wanted = entry.tables.filter(({ table }) => this.#wants(table))
        this.#expected.set(
          entry.commit,
          wanted.reduce((sum, { updates: count }) => sum + count, 0),
        )
        for (const place of entry.places) take(entry.commit, place)
      }
    }
  }

  groups(): CommitGroup[] {
    this.#placed.sort((a, b) => a.commit - b.commit || a.place - b.place)
    const groups: CommitGroup[] = []
    let lastCommit = -1
    for (const { update, commit } of this.#placed) {
      const incomplete = this.#here.get(commit) !== this.#expected.get(commit)
      const open = groups.at(-1)
      const joins = open && open.incomplete === incomplete && (!incomplete || commit === lastCommit)
      if (joins) open.updates.push(update)
      else groups.push({ updates: [update], incomplete })
      lastCommit = commit
    }
    return groups
  }
}
