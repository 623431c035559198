import { publishCommits } from '../database/sqlite/publish-commits.ts'
import { openUpdateQueue } from '../queue/open-update-queue.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { PriceDatabase } from './database.ts'
import type { ProcessSetup, Tell } from './reports.ts'
import { type PriceTables, priceTables } from './tables.ts'

/** How long it waits at its end until all have confirmed what it published, milliseconds. */
const flushMs = 30_000

/** A process that changes the database. Whatever it commits is published: it has nothing to do for that. */
export class Writer {
  readonly database: PriceDatabase
  readonly #queue: UpdateQueue<PriceTables>
  readonly #tell: Tell

  static async open(setup: ProcessSetup, tell: Tell): Promise<Writer> {
    const { name, definition, host } = setup
    tell({ type: 'state', state: 'joining' })
    const queue = await openUpdateQueue<PriceTables>({
      process: name,
      definition,
      host,
      publishes: priceTables,
    })
    tell({ type: 'state', state: 'writing' })
    return new Writer(queue, new PriceDatabase(setup.database), tell)
  }

  private constructor(queue: UpdateQueue<PriceTables>, database: PriceDatabase, tell: Tell) {
    this.#queue = queue
    this.database = database
    this.#tell = tell
    publishCommits(database.connection, queue, {
      onEvent: (event) => {
        if (event.type === 'reset') tell({ type: 'found-out' })
        else process.stderr.write(`tried again: ${String(event.error)}\n`)
      },
    })
  }

  /** Waits until all subscribers have what was published, says who has not, and leaves. */
  async close(): Promise<void> {
    this.#tell({ type: 'state', state: 'flushing' })
    const { missing } = await this.#queue.flush({ drainMs: flushMs })
    await this.#queue.close()
    this.database.close()
    this.#tell({ type: 'state', state: 'done' })
    this.#tell({
      type: 'published',
      unconfirmed: missing.map(({ process, node }) => `${process} on ${node}`),
    })
  }
}
