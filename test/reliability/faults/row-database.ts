import { DatabaseSync } from 'node:sqlite'
import type { NewUpdate } from '../../../src/index.ts'

export const rowTable = 'TRADE'

/** What a row is behind its last change. A deleted one keeps the version of the delete. */
export interface RowState {
  readonly ID: string
  readonly version: bigint
  readonly isThere: boolean
}

/** How many rows there are or have been: few, so that publishers meet at each of them. */
const rows = 20

/** One change in so many is a delete; one in so many gives the row another key. */
const deleteEvery = 10
const moveEvery = 10

const lockedMs = 60_000

const random = (below: number): number => Math.floor(Math.random() * below)
const randomId = (): string => `T${random(rows)}`

/** The database that several publishers change, row by row, each change with a version; see docs/VERSIONS.md. */
export class RowDatabase {
  readonly #database: DatabaseSync

  constructor(file: string) {
    const database = new DatabaseSync(file, { timeout: lockedMs })
    // Nobody cuts the power: no need to wait for the disk.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    database.exec('CREATE TABLE IF NOT EXISTS row_version (next INTEGER)')
    database.exec(
      'CREATE TABLE IF NOT EXISTS trade (id TEXT PRIMARY KEY, version INTEGER, there INTEGER)',
    )
    this.#database = database
  }

  /** Before the first change. */
  begin(): void {
    this.#database.exec('INSERT INTO row_version VALUES (1)')
  }

  /** Commits one transaction; returns what is to be published behind it. */
  change(): NewUpdate[] {
    this.#database.exec('BEGIN IMMEDIATE')
    const ids = new Set([randomId(), randomId()])
    const updates = [...ids].map((id) => this.#changeRow(id))
    this.#database.exec('COMMIT')
    return updates
  }

  get rows(): RowState[] {
    const found = this.#database.prepare('SELECT id, version, there FROM trade').all()
    return found.map(({ id, version, there }) => ({
      ID: String(id),
      version: BigInt(version as number),
      isThere: there === 1,
    }))
  }

  close(): void {
    this.#database.close()
  }

  #changeRow(ID: string): NewUpdate {
    const version = this.#nextVersion()
    const record = { ID, V: Number(version) }
    const update = { table: rowTable, record, version }
    if (!this.#isThere(ID)) {
      this.#put(ID, version, true)
      return { ...update, kind: 'insert' }
    }
    const to = randomId()
    if (random(moveEvery) === 0 && !this.#isThere(to)) {
      this.#put(ID, version, false)
      this.#put(to, version, true)
      return { ...update, kind: 'modify', record: { ...record, ID: to }, before: { ID } }
    }
    const isDelete = random(deleteEvery) === 0
    this.#put(ID, version, !isDelete)
    return { ...update, kind: isDelete ? 'delete' : 'modify' }
  }

  #nextVersion(): bigint {
    const next = this.#database.prepare('UPDATE row_version SET next = next + 1 RETURNING next')
    return BigInt(next.get()?.['next'] as number)
  }

  #isThere(id: string): boolean {
    return this.#database.prepare('SELECT there FROM trade WHERE id = ?').get(id)?.['there'] === 1
  }

  #put(id: string, version: bigint, isThere: boolean): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO trade VALUES (?, ?, ?)')
      .run(id, version, isThere ? 1 : 0)
  }
}
