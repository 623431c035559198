import type { SQLTagStore, StatementSync } from 'node:sqlite'
import { TidingsError } from '../../base/tidings-error.ts'
import { beginOf, kindOf, type StatementKind } from './statement-kind.ts'
import type { PlainCalls } from './plain-calls.ts'
import type { WatchedDatabase } from './watched-database.ts'

type Call = (...values: never[]) => unknown

/**
 * Has all calls of a database that may change it go by `watched`, and those of its statements: the database itself, so that whoever has
 * it already is watched as well. Calls that a version of Node does not have are passed over.
 */
export function watchCalls(calls: PlainCalls, watched: WatchedDatabase): void {
  const { database } = calls
  const statements = new WatchedStatements(calls, watched)
  replace(database, {
    exec: () => (sql) => statements.exec(sql),
    prepare:
      (prepare) =>
      (...values) =>
        statements.watch(prepare.call(database, ...values) as StatementSync),
    createTagStore:
      (create) =>
      (...values) =>
        statements.watchTags(create.call(database, ...values) as SQLTagStore),
    applyChangeset:
      (apply) =>
      (...values) =>
        watched.call('write', () => apply.call(database, ...values)),
    // SQLite ends the process where triggers of a connection belong to tables that were replaced.
    deserialize: () => () => {
      throw new TidingsError(
        'USAGE',
        'deserialize() would replace a database that is published: close it, and publish the one that takes its place',
      )
    },
    open: (open) => () => {
      open.call(database)
      watched.begin()
    },
    close: (close) => () => {
      watched.end()
      close.call(database)
    },
    [Symbol.dispose]: (dispose) => () => {
      if (database.isOpen) watched.end()
      dispose.call(database)
    },
  })
}

class WatchedStatements {
  readonly #calls: PlainCalls
  readonly #watched: WatchedDatabase

  constructor(calls: PlainCalls, watched: WatchedDatabase) {
    this.#calls = calls
    this.#watched = watched
  }

  /** Statement by statement, as SQLite does: each may need what the one before has made. */
  exec(sql: string): void {
    if (typeof sql !== 'string') return this.#calls.exec(sql)
    let from = 0
    do {
      const statement = this.#first(sql.slice(from))
      this.#watched.call(this.#kindOf(statement), () => this.#calls.exec(statement))
      from += statement.length
    } while (beginOf(sql, from) < sql.length)
  }

  watch(statement: StatementSync): StatementSync {
    const kind = kindOf(statement.sourceSQL)
    if (kind === 'read') return statement
    this.#replaceAll(statement, () => (kind === 'with' ? this.#kindOf(statement.sourceSQL) : kind))
    return statement
  }

  watchTags(store: SQLTagStore): SQLTagStore {
    this.#replaceAll(store, (strings) => this.#kindOf((strings as readonly string[]).join('?')))
    return store
  }

  #replaceAll(of: StatementSync | SQLTagStore, kind: (first: unknown) => StatementKind): void {
    const watch =
      (call: Call): Call =>
      (...values) =>
        this.#watched.call(kind(values[0]), () => call.call(of, ...values))
    const { all } = of as unknown as Readonly<Record<'all', Call>>
    replace(of, {
      run: watch,
      get: watch,
      all: watch,
      // What changes rows has made all of them before it gives the first, and holds the transaction open until the last.
      iterate:
        (iterate) =>
        (...values) =>
          kind(values[0]) === 'read'
            ? iterate.call(of, ...values)
            : (watch(all)(...values) as unknown[]).values(),
    })
  }

  /** The first statement of a text, as SQLite finds its end. */
  #first(sql: string): string {
    const end = sql.indexOf(';', beginOf(sql))
    if (end < 0 || beginOf(sql, end) === sql.length) return sql
    return this.#calls.prepare(sql).sourceSQL
  }

  /** A WITH that only reads is a read: SQLite says so. */
  #kindOf(sql: string): StatementKind {
    const kind = kindOf(sql)
    if (kind !== 'with') return kind
    const steps = this.#calls.prepare(`EXPLAIN ${sql.slice(beginOf(sql))}`)
    steps.setReadBigInts(false)
    const writes = steps.all().some(({ opcode, p2 }) => opcode === 'Transaction' && p2 !== 0)
    return writes ? 'write' : 'read'
  }
}

/** Puts a call in the place of each that is there; it is given the one of before. */
function replace(
  object: object,
  calls: Readonly<Record<string | symbol, (before: Call) => Call>>,
): void {
  const target = object as Record<string | symbol, Call | undefined>
  for (const name of Reflect.ownKeys(calls)) {
    const before = target[name]
    if (before)
      Object.defineProperty(object, name, {
        value: (calls[name] as (before: Call) => Call)(before),
        writable: true,
        configurable: true,
      })
  }
}
