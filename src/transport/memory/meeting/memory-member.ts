import type { TidingsError } from '../../../base/tidings-error.ts'
import type {
  NodeMode,
  Registration,
  RosterChange,
  RosterEntry,
} from '../../../model/roster-entry.ts'

/** What a cluster in memory needs of each transport that has joined it. */
export interface MemoryMember {
  readonly node: string
  readonly incarnation: string
  /** Asynchronously, in the order of calls. */
  roster(change: RosterChange): void
  message(topic: string, message: Uint8Array): void
  request(frame: Uint8Array): void
  /** The process is no more: nothing of it is carried, and nothing is told to it but this error. */
  die(error: TidingsError): void
  /**
   * It sends at once what waits to be sent. False: the roster does not know yet that it publishes, and until then
   * it may not.
   */
  sendAll(): boolean
  /** Nothing that it sends is carried until there was a `resume()` for each of these. */
  drop(): void
  /** What it sends is carried again; what it retains it forgets, so that what was dropped cannot be repaired. */
  resume(): void
}

/** What a transport in memory needs of the cluster that it joins. */
export interface MemoryHub {
  /** Runs a task soon, tasks in their order. */
  readonly schedule: (task: () => void) => void
  readonly mode: NodeMode
  /**
   * Takes the process in and tells it the whole roster.
   * @returns the registration with its place @throws TidingsError NAME_TAKEN
   */
  join(member: MemoryMember, registration: Registration): Registration
  /** What the process now says of itself; everybody is told what is new of it. */
  put(registration: Registration): void
  /** A process that leaves without having said that it ended has died. */
  leave(member: MemoryMember): void
  entry(incarnation: string): RosterEntry | undefined
  /** Everybody but one, in the order of joining. */
  others(than: MemoryMember): Iterable<MemoryMember>
}
