/** What a statement can do, by its first word. */
export type StatementKind =
  /** It may begin a transaction; `savepoint` only where none runs. */
  | 'begin'
  | 'savepoint'
  /** It ends the transaction: `release` only that of the outermost savepoint. */
  | 'commit'
  | 'release'
  | 'rollback'
  /** It changes rows; `with` where it does not only read them. */
  | 'write'
  | 'with'
  /** It changes tables. */
  | 'schema'
  | 'read'

const kinds: Readonly<Record<string, StatementKind>> = {
  BEGIN: 'begin',
  SAVEPOINT: 'savepoint',
  COMMIT: 'commit',
  END: 'commit',
  RELEASE: 'release',
  ROLLBACK: 'rollback',
  INSERT: 'write',
  UPDATE: 'write',
  DELETE: 'write',
  REPLACE: 'write',
  WITH: 'with',
  CREATE: 'schema',
  ALTER: 'schema',
  DROP: 'schema',
}

/** What SQLite passes over before a statement: white space, comments, empty statements, a byte order mark. */
const passedOver = /(?:[\s;\uFEFF]+|--[^\n]*|\/\*(?:[^*]|\*(?!\/))*(?:\*\/|$))*/y

/** Where the statement begins in a text; its length, where there is none. */
export function beginOf(sql: string, from = 0): number {
  passedOver.lastIndex = from
  passedOver.test(sql)
  return passedOver.lastIndex
}

/** Of the first statement of a text. SQLite needs no more than this word, but for `with`. */
export function kindOf(sql: string): StatementKind {
  const [word = ''] = /^[A-Za-z]*/.exec(sql.slice(beginOf(sql), beginOf(sql) + 10)) ?? []
  return kinds[word.toUpperCase()] ?? 'read'
}
