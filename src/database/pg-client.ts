import type { Client, ClientConfig } from 'pg'
import { packageMissing } from '../base/package-missing.ts'
import { TidingsError } from '../base/tidings-error.ts'

/** @throws TidingsError PACKAGE_MISSING */
export async function loadPg(): Promise<(typeof import('pg'))['default']> {
  const wanted = { neededBy: 'PostgreSQL', name: 'pg', install: 'pg' }
  const { default: pg } = await import('pg').catch(packageMissing(wanted))
  return pg
}

/** Where the database is; what is left out, pg takes from PGHOST, PGUSER and the like. */
export type DatabaseAddress = Pick<
  ClientConfig,
  'connectionString' | 'host' | 'port' | 'user' | 'database' | 'password' | 'ssl'
>

/** A machine that is very busy takes long; one that is away is said to be so. */
const connectWithinMs = 30_000

/** A connection, of which `lost` is told once it ends without being asked to. Throws DATABASE_UNREACHABLE. */
export async function connectClient(
  config: ClientConfig & { readonly replication?: 'database' },
  lost: (error: Error) => void,
): Promise<Client> {
  const { Client } = await loadPg()
  const client = new Client({
    connectionTimeoutMillis: connectWithinMs,
    keepAlive: true,
    ...config,
  })
  client.on('error', lost)
  try {
    await client.connect()
  } catch (error) {
    throw new TidingsError(
      'DATABASE_UNREACHABLE',
      `the database cannot be reached: ${messageOf(error)}`,
      { cause: error },
    )
  }
  return client
}

/** Of an error of several addresses, of which Node says nothing itself, those of each. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map((each) => messageOf(each)).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** What PostgreSQL calls an error: five characters; undefined: it is none of PostgreSQL's. */
export const sqlStateOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined
