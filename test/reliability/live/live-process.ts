// A process of `npm run live`: node live-process.ts SETUP, which is JSON.
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import type { UpdateQueue } from '../../../src/queue/update-queue.ts'
import { differences } from './compared.ts'
import { type LiveName, liveNames, type LiveSchema } from './live-database.ts'
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
    return () => differences(reader, kept, name)
  }
  const queue = role === 'writer' ? await openQueue() : null
  const writer = queue ? await database.publishing(place, queue) : await database.bypassing(place)
  return async ({ transactions }) => {
    let left = transactions
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        await writer.transaction(random)
        if (queue && random() < 0.002)
          queue.reset(liveNames[left % 2] as LiveName, { reason: 'by hand' })
        await pause(role === 'writer' && random() < 0.8 ? 0 : random() * 4)
      }
    }
    await Promise.all(Array.from({ length: database.lanes }, work))
    await queue?.flush()
    return transactions
  }
}

const act = await roleOf()
process.on('message', (task: LiveTask) => {
  void act(task).then((result) => process.send?.({ result }))
})
process.on('disconnect', () => process.exit())
process.send?.('open')
