import { schemaAndTable } from '../changed-table.ts'
import { parsePosition } from '../log-position.ts'
import type { ReadTableOptions, VersionedRows } from '../versioned-rows.ts'
import type { PgClient, PgPool } from './pg-parts.ts'

type SnapshotClient = Pick<PgClient, 'query'>

/** Reads of one moment of the database, and a version that no change exceeds which they show. */
export class TableSnapshot {
  readonly #client: SnapshotClient
  readonly version: bigint

  constructor(client: SnapshotClient, version: bigint) {
    this.#client = client
    this.version = version
  }

  async read<Row = Record<string, unknown>>(
    table: string,
    options?: ReadTableOptions,
  ): Promise<VersionedRows<Row>> {
    const { sql, values } = selectOf(table, options)
    const { rows } = await this.#client.query(sql, values)
    return { rows: rows as Row[], version: this.version }
  }
}

/** Runs reads of one moment, in a transaction. For the option `within` of live tables. */
export function snapshots(
  pool: PgPool,
): <Result>(run: (snapshot: TableSnapshot) => Promise<Result>) => Promise<Result> {
  return async (run) => {
    const client = await pool.connect()
    let failure: Error | undefined
    try {
      await client.query('begin isolation level repeatable read read only')
      // The first statement takes the snapshot: what committed before it has a lower position.
      const { rows } = await client.query('select pg_current_wal_insert_lsn()::text as position')
      const version = parsePosition(String(rows[0]?.['position']))
      const result = await run(new TableSnapshot(client, version))
      await client.query('commit')
      return result
    } catch (error) {
      failure = error as Error
      throw error
    } finally {
      // A connection amid a transaction that failed is not used again.
      client.release(failure)
    }
  }
}

/**
 * Reads a table, named as in the queue, or rows of it by their keys, and the version that live tables need: in one
 * transaction.
 */
export async function readTable<Row = Record<string, unknown>>(
  pool: PgPool,
  table: string,
  options?: ReadTableOptions,
): Promise<VersionedRows<Row>> {
  return snapshots(pool)((snapshot) => snapshot.read<Row>(table, options))
}

function selectOf(table: string, options?: ReadTableOptions): { sql: string; values: unknown[] } {
  const all = `select * from ${schemaAndTable(table).map(quoted).join('.')}`
  if (!options) return { sql: all, values: [] }
  const columns = typeof options.key === 'string' ? [options.key] : options.key
  const isOne = typeof options.key === 'string'
  const values: unknown[] = []
  const conditions = options.keys.map((key) => {
    const parts = columns.map((column) => {
      values.push(isOne ? key : (key as Record<string, unknown>)[column])
      return `${quoted(column)} = $${values.length}`
    })
    return `(${parts.join(' and ')})`
  })
  return { sql: `${all} where ${conditions.join(' or ') || 'false'}`, values }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
