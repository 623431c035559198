import { TidingsError } from '../base/tidings-error.ts'
import { checkTableName } from '../model/topic.ts'

/**
 * What the names of all tables of one process may take, bytes: when it ends, its registration, which has
 * 960 KiB at most, says each of them twice. So whatever else names all streams, a heartbeat, a vector or that
 * it leaves, has less than a quarter of what a frame may have.
 */
export const maxTableNamesBytes = 928 * 1024

/** Beside its name as JSON, twice: the last number, and what is around it. */
const bytesBesideName = 36

/** The names of the tables that a process has declared or published: GENESIS_CLUSTER has to know them all. */
export class TableNames {
  readonly #bytes = new Map<string, number>()
  #sum = 0

  has(table: string): boolean {
    return this.#bytes.has(table)
  }

  /** Throws USAGE where it is no name of a table, LIMIT_EXCEEDED where it is too long or one too many. */
  add(table: unknown): void {
    checkTableName(table)
    if (this.#bytes.has(table)) return
    const bytes = 2 * Buffer.byteLength(JSON.stringify(table)) + bytesBesideName
    if (this.#sum + bytes > maxTableNamesBytes)
      throw new TidingsError(
        'LIMIT_EXCEEDED',
        `this process publishes ${this.#bytes.size} tables, and the names of more than these do not fit its registration: they take at most ${maxTableNamesBytes} bytes (maxTableNamesBytes), each twice its length and ${bytesBesideName}; publish fewer tables, or from several processes`,
      )
    this.#bytes.set(table, bytes)
    this.#sum += bytes
  }

  /** Takes back a name: what was to be published in it was refused. */
  remove(table: string): void {
    this.#sum -= this.#bytes.get(table) ?? 0
    this.#bytes.delete(table)
  }
}
