import type { Client, QueryResult, QueryResultRow } from 'pg'
import { Turns } from '../../base/turns.ts'

/** Asks the database, one question after the other: a client of pg takes no second one meanwhile. */
export class ControlConnection {
  readonly #client: Client
  readonly #turns = new Turns()

  constructor(client: Client) {
    this.#client = client
  }

  /** Throws what PostgreSQL says, and where the connection has ended. */
  query<Row extends QueryResultRow>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Pick<QueryResult<Row>, 'rows'>> {
    // With values PostgreSQL takes one statement, without any it takes several.
    const ask = (): Promise<Pick<QueryResult<Row>, 'rows'>> =>
      values.length === 0 ? this.#client.query<Row>(sql) : this.#client.query<Row>(sql, [...values])
    return this.#turns.next(ask, { rows: [] })
  }

  /** Does not wait for the answer to a question that is asked: it fails. */
  end(): Promise<void> {
    return this.#client.end()
  }
}
