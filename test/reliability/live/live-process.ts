// A process of `npm run live`: node live-process.ts SETUP, which is JSON.
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import type { UpdateQueue } from '../../../src/queue/update-queue.ts'
import { rowTexts } from '../../harness/account-database.ts'
import {
  type KeptTables,
  type LiveName,
  liveNames,
  type LiveReader,
  type LiveSchema,
} from './live-database.ts'
import { liveDatabases, type LiveProcessSetup, type LiveTask } from './live-setup.ts'
import { NaiveTables } from './naive-tables.ts'

const setup = JSON.parse(process.argv[2] ?? '') as LiveProcessSetup
const { role, name, definition, host, place, seed } = setup
const database = liveDatabases[setup.database]
const random = seededRandom(seed)

const openQueue = (): Promise<UpdateQueue<LiveSchema>> =>
  openUpdateQueue<LiveSchema>({ process: name, definition, host, publishes: [...liveNames] })

/** Does what it is told, and says what came of it. */
async function roleOf(): Promise<(task: LiveTask) => Promise<unknown>> {
  if (role === 'reader') {
    const queue = await openQueue()
    const reader = await database.reading(place)
    const kept = setup.isNaive
      ? await NaiveTables.open(queue, (table) => reader.rows(table))
      : await reader.keep(queue)
    return () => differences(reader, kept)
  }
  const queue = role === 'writer' ? await openQueue() : null
  const writer = queue ? await database.publishing(place, queue) : await database.bypassing(place)
  return async ({ transactions }) => {
    for (let count = 0; count < transactions; count++) {
      await writer.transaction(random)
      if (queue && random() < 0.002)
        queue.reset(liveNames[count % 2] as LiveName, { reason: 'by hand' })
      await pause(role === 'writer' && random() < 0.8 ? 0 : random() * 4)
    }
    await queue?.flush()
    return transactions
  }
}

/** By table, rows that only one of database and process has. */
async function differences(reader: LiveReader, kept: KeptTables): Promise<string[]> {
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

const act = await roleOf()
process.on('message', (task: LiveTask) => {
  void act(task).then((result) => process.send?.({ result }))
})
process.on('disconnect', () => process.exit())
process.send?.('open')
