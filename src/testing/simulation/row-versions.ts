import type { Random } from '../../base/random.ts'

/** The database that all publishers of a trial write to: a sequence numbers the changes of its rows. */
export class RowVersions {
  #last = 0n

  next(): bigint {
    return ++this.#last
  }
}

/** So many connections a process has at most. */
const mostConnections = 6

/**
 * The connections of one process to the database. Each has committed a change that is not published yet, and chance
 * says which is published next: so the versions of one process, too, come out of order.
 */
export class ConnectionPool {
  readonly #versions: RowVersions
  readonly #random: Random
  readonly #committed: bigint[]

  constructor(versions: RowVersions, random: Random) {
    this.#versions = versions
    this.#random = random
    const connections = 1 + Math.floor(random() * mostConnections)
    this.#committed = Array.from({ length: connections }, () => versions.next())
  }

  /** The version of the change that is published next. */
  take(): bigint {
    const at = Math.floor(this.#random() * this.#committed.length)
    const version = this.#committed[at] as bigint
    this.#committed[at] = this.#versions.next()
    return version
  }
}
