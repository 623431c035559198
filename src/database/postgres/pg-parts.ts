/** What we use of the package pg, of whatever version 8: of its clients and pools, and of what is not in its types. */

/** A message of PostgreSQL at the level of a notice. */
export interface PgNotice {
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly where?: string | undefined
  readonly table?: string | undefined
  readonly dataType?: string | undefined
  readonly constraint?: string | undefined
}

type Listener = (...words: never[]) => void

/** The connection of a client, which is not in its types: an event for each message of the server. */
export interface PgConnection {
  on(event: string, listener: Listener): unknown
  prependListener(event: string, listener: Listener): unknown
  listeners(event: string): unknown[]
  removeAllListeners(event: string): unknown
}

/** A client as it is beneath its types. */
export interface PgInnerClient {
  /** False: a statement is under way. */
  readonly readyForQuery?: boolean
  readonly connection?: PgConnection
}

/** Reads the text of a value of a type, as a SELECT would. */
export type ValueReader = (text: string) => unknown

/** A client of pg that is connected. */
export interface PgClient {
  query(sql: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  getTypeParser(oid: number, format: 'text'): ValueReader
}

/** One that is not connected yet. */
export interface PgNewClient extends PgClient {
  connect(): Promise<unknown>
  end(): Promise<void>
  on(event: string, listener: Listener): unknown
}

/** A pool of pg. */
export interface PgPool {
  readonly options: object
  connect(): Promise<PgClient & { release(destroy?: boolean | Error): void }>
}

/** A pool as it is beneath its types. */
export interface PgInnerPool {
  /** Of its clients. */
  readonly Client?: new (options: object) => PgNewClient
  readonly options?: { onConnect?: (client: PgClient) => unknown }
  on(event: 'connect', listener: (client: PgClient) => void): unknown
}
