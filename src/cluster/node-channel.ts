import type { RosterEntry } from '../model/roster.ts'
import type { SeenRoster } from '../transport/zeromq/registration-message.ts'
import type { RosterWhisper, Whisper } from './membership/whisper.ts'
import { RemoteRoster } from './remote-roster.ts'
import type { Roster } from './roster.ts'

/**
 * The exchange of rosters with one other node: each side tells its own processes and asks for the
 * other's since the version it has seen. Asked again every second until it is answered, so any
 * message may be lost. Time is an argument.
 */
export class NodeChannel {
  readonly remote: RemoteRoster
  readonly #own: Roster
  readonly #whisper: (whisper: Whisper) => void
  /** Up to where the other node has been told; null: it has not asked in this life. */
  #toldVersion: number | null = null

  constructor(node: string, own: Roster, whisper: (whisper: Whisper) => void) {
    this.remote = new RemoteRoster(node)
    this.#own = own
    this.#whisper = whisper
  }

  /** Asks for what came after what is known. */
  ask(): void {
    this.#whisper({ type: 'seen', seen: this.remote.seen })
  }

  /** The other node says what it has seen of ours: it is told the rest, again if need be. */
  answer(seen: SeenRoster): void {
    this.#toldVersion = seen.history === this.#own.history ? seen.version : 0
    this.tell()
  }

  /** Tells what has changed since the last time. */
  tell(): void {
    if (this.#toldVersion === null) return
    const { history } = this.#own
    for (const part of this.#own.ownChangesSince(this.#toldVersion)) {
      this.#whisper({ type: 'roster', history, ...part })
      this.#toldVersion = part.version
    }
  }

  /** Our roster has begun a new history: the other node is told all of it. */
  tellAnew(): void {
    if (this.#toldVersion === null) return
    this.#toldVersion = 0
    this.tell()
  }

  /** Returns the entries that hold from now on. */
  take(message: RosterWhisper, now: number): RosterEntry[] {
    const before = this.remote.seen
    const entries = this.remote.take(message.history, message, now)
    const after = this.remote.seen
    const taken = after.history === message.history && after.version === message.version
    if (!taken && after.version === before.version) this.ask()
    return entries
  }

  /** A new life of the other node knows nothing of what the old one was told. */
  begin(): void {
    this.#toldVersion = null
    this.ask()
  }
}
