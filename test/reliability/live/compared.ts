import { rowTexts } from '../../harness/account-database.ts'
import { type KeptTables, liveNames, type LiveReader } from './live-database.ts'

/** By table, rows that only one of the database and `name` has, which keeps it: when nothing is left to be read. */
export async function differences(
  reader: LiveReader,
  kept: KeptTables,
  name: string,
): Promise<string[]> {
  await kept.settled()
  const found: string[] = []
  for (const table of liveNames) {
    const there = new Set(rowTexts(await reader.rows(table)))
    const here = new Set(rowTexts(kept.rows(table)))
    for (const row of there.difference(here)) found.push(`${table}: only in the database: ${row}`)
    for (const row of here.difference(there)) found.push(`${table}: only in ${name}: ${row}`)
  }
  return found
}
