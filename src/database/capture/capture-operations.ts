import { TidingsError } from '../../base/tidings-error.ts'
import { connectClient, type DatabaseAddress, sqlStateOf } from '../pg-client.ts'
import { type CaptureFinding, checkCapture } from './capture-check.ts'
import { dropSlot, objectInUse, publishedTables, readSlot } from './capture-slot.ts'
import { findTables, readEntries, type TableEntry } from './captured-tables.ts'
import { quoteName } from './replication-stream.ts'
import { ControlConnection } from './control-connection.ts'

/** What keeps these tables from being captured, or makes less of it. `tables` null: those of the publication. */
export function examineCapture(
  address: DatabaseAddress,
  slot: string,
  tables: readonly string[] | null,
): Promise<CaptureFinding[]> {
  return connected(address, slot, async (client) =>
    checkCapture(client, slot, await tablesToCapture(client, slot, tables)),
  )
}

/** The entries of these tables, named as in SQL; null: of those of the publication. Throws USAGE where there are none. */
export async function tablesToCapture(
  client: ControlConnection,
  slot: string,
  tables: readonly string[] | null,
): Promise<TableEntry[]> {
  if (tables) return findTables(client, tables)
  const oids = (await publishedTables(client, slot)) ?? []
  if (oids.length > 0) return readEntries(client, oids)
  throw new TidingsError(
    'USAGE',
    `there is no publication ${slot} with tables yet: name them, as in --tables trade,position`,
  )
}

/** Drops slot and publication; gives what there was of them. Throws DATABASE_REFUSED while a capture runs. */
export function dropCapture(address: DatabaseAddress, slot: string): Promise<string[]> {
  return connected(address, slot, async (client) => {
    const dropped: string[] = []
    const activePid = (await readSlot(client, slot))?.activePid ?? null
    try {
      if (await dropSlot(client, slot)) dropped.push(`slot ${slot}`)
    } catch (error) {
      if (sqlStateOf(error) !== objectInUse) throw error
      throw new TidingsError(
        'DATABASE_REFUSED',
        `a capture has the slot ${slot}${activePid === null ? '' : ` (process ${activePid} of the database)`}: end it first`,
        { cause: error },
      )
    }
    if (await publishedTables(client, slot)) {
      await client.query(`drop publication ${quoteName(slot)}`)
      dropped.push(`publication ${slot}`)
    }
    return dropped
  })
}

async function connected<Result>(
  address: DatabaseAddress,
  slot: string,
  work: (client: ControlConnection) => Promise<Result>,
): Promise<Result> {
  // A connection that is lost fails the question that is asked.
  const client = new ControlConnection(
    await connectClient({ ...address, application_name: slot }, () => undefined),
  )
  try {
    return await work(client)
  } catch (error) {
    if (error instanceof TidingsError) throw error
    throw new TidingsError('DATABASE_FAILED', `the database says: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    await client.end()
  }
}
