import { decodeToken } from '../wire/commit-token.ts'

/** The tables that the commit of a token has changed; null: more than it names. Throws USAGE where it is no token. */
export function tablesOfToken(token: string): ReadonlySet<string> | null {
  const { streams, hasMore } = decodeToken(token)
  return hasMore ? null : new Set(streams.map(({ table }) => table))
}
