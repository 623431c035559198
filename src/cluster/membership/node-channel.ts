import type { SeenRoster } from '../../registration/registration-message.ts'
import type { RosterWhisper, Whisper } from './whisper.ts'
import type { SeenRemote, RosterGain } from '../roster/remote-roster.ts'
import { RemoteRoster } from '../roster/remote-roster.ts'
import type { Roster } from '../roster/roster.ts'

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

  /** `kept`: what the last run knew of the other node's roster. */
  constructor(
    node: string,
    own: Roster,
    whisper: (whisper: Whisper) => void,
    kept: SeenRemote | null = null,
  ) {
    this.remote = new RemoteRoster(node, kept)
    this.#own = own
    this.#whisper = whisper
  }

  /** Asks for what came after what is known. */
  ask(): void {
    this.#whisper({ type: 'seen', seen: this.remote.seen })
  }

  /** The other node says what it has seen of ours: it is told the rest, again if need be. */
  answer(seen: SeenRoster, now: number): void {
    this.#toldVersion = seen.history === this.#own.history ? seen.version : 0
    this.tell(now)
  }

  /** Tells what has changed since the last time. */
  tell(now: number): void {
    if (this.#toldVersion === null) return
    const { history } = this.#own
    for (const part of this.#own.ownChangesSince(this.#toldVersion, now)) {
      this.#whisper({ type: 'roster', history, ...part })
      this.#toldVersion = part.version
    }
  }

  /** Our roster has begun a new history: the other node is told all of it. */
  tellAnew(now: number): void {
    if (this.#toldVersion === null) return
    this.#toldVersion = 0
    this.tell(now)
  }

  take(message: RosterWhisper, now: number): RosterGain {
    const before = this.remote.seen
    const taken = this.remote.take(message.history, message, now)
    const after = this.remote.seen
    const isTaken = after.history === message.history && after.version === message.version
    if (!isTaken && after.version <= before.version) this.ask()
    return taken
  }

  /** A new life of the other node knows nothing of what the old one was told, and may have let go more. */
  begin(): void {
    this.#toldVersion = null
    this.remote.askForAll()
    this.ask()
  }
}
