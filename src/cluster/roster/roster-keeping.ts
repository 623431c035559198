import type { OnClusterEvent } from '../cluster-event.ts'
import type { Roster } from './roster.ts'
import type { RosterFile, SavedRemote, SavedRoster } from './roster-file.ts'

/** Versions told without a write at most: well below `restartStride`. */
const unsavedVersions = 100_000

/**
 * Endings on other nodes that are not in the file at most, and for how long, milliseconds: the other
 * node keeps 2,000 of them for 10 minutes. What it forgets before our next run is taken for a loss.
 */
const maxUnkeptEndings = 500
const endingsUnkeptMs = 60_000

/** How long a file system that has refused a write is left alone, milliseconds. */
export const writeAgainAfterMs = 1_000

/**
 * `kept`: the file says what may be told. `not-kept`: there is no file, so the next run begins a new
 * history. `begin-anew`: an old file stands under our history and cannot be put away.
 */
export type Kept = 'kept' | 'not-kept' | 'begin-anew'

/**
 * Keeps the roster in its file, before anything of it is told. A file that is out of date must not be
 * there: the next run would go on with its history, and nobody who returns would learn what the file
 * lacks.
 */
export class RosterKeeping {
  readonly #file: RosterFile
  readonly #on: OnClusterEvent
  /** Of the file as it stands; null: there is none that anybody could use. */
  #keptHistory: string | null = null
  #ownVersion = -1
  #version = 0
  #failedAt: number | null = null
  #endings = 0
  #keptAt = 0

  constructor(file: RosterFile, on: OnClusterEvent) {
    this.#file = file
    this.#on = on
  }

  load(): SavedRoster | null {
    const saved = this.#file.load()
    if (saved === null) return null
    if ('history' in saved) {
      this.#keptHistory = saved.history
      return saved
    }
    this.#warn(`${this.#file.path} is not used, ${saved.damaged}: a new history begins`)
    return null
  }

  /** A process of another node has ended. Of those the file need not say everything at once. */
  noteEnding(): void {
    this.#endings += 1
  }

  /** `others`: up to where the rosters of other nodes are known. */
  keep(roster: Roster, others: () => SavedRemote[], now: number): Kept {
    if (this.#failedAt === null && this.#isKept(roster, now)) return 'kept'
    if (this.#failedAt !== null && now - this.#failedAt < writeAgainAfterMs) return 'not-kept'
    const { ownVersion, version, history } = roster
    try {
      this.#file.save({
        history,
        version,
        own: ownVersion,
        gaps: roster.gaps,
        forgotten: roster.forgotten,
        processes: roster.ownEntries(now),
        others: others(),
        endings: roster.foreignEndings(now),
      })
    } catch (error) {
      return this.#failed(error as Error, history, now)
    }
    this.#keptHistory = history
    this.#ownVersion = ownVersion
    this.#version = version
    this.#endings = 0
    this.#keptAt = now
    if (this.#failedAt !== null) {
      this.#failedAt = null
      this.#on({ type: 'kept', message: `the roster is kept again in ${this.#file.path}` })
    }
    return 'kept'
  }

  #isKept({ ownVersion, version, history }: Roster, now: number): boolean {
    const areEndingsDue =
      this.#endings >= maxUnkeptEndings ||
      (this.#endings > 0 && now - this.#keptAt >= endingsUnkeptMs)
    return (
      ownVersion === this.#ownVersion &&
      version - this.#version < unsavedVersions &&
      history === this.#keptHistory &&
      !areEndingsDue
    )
  }

  #failed(error: Error, history: string, now: number): Kept {
    const isFirst = this.#failedAt === null
    this.#failedAt = now
    if (this.#file.discard()) this.#keptHistory = null
    const isLeft = this.#keptHistory === history
    if (isFirst) {
      const what = `the roster cannot be kept in ${this.#file.path}: ${error.message}`
      this.#warn(
        isLeft
          ? `${what}; nor can the old file be removed, so a new history begins now, and subscribers are told a loss roster-lost`
          : `${what}; if GENESIS_CLUSTER ends before it can, a new history begins, and subscribers are told a loss roster-lost`,
      )
    }
    return isLeft ? 'begin-anew' : 'not-kept'
  }

  #warn(message: string): void {
    this.#on({ type: 'warning', message })
  }
}
