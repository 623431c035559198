import type { UpdateQueue } from '../../../src/queue/update-queue.ts'
import type { Update } from '../../../src/model/update.ts'
import { type KeptTables, type LiveName, liveNames, type LiveSchema } from './live-database.ts'

const keys: Readonly<Record<LiveName, readonly string[]>> = {
  ACCOUNT: ['ID'],
  ENTRY: ['ACCOUNT', 'NUMBER'],
}

/**
 * The recipe that one would write first: subscribe, read, and apply what comes as it comes; where something was lost,
 * read again. It goes by no version, and has in the end what was heard last instead of what was committed last.
 */
export class NaiveTables implements KeptTables {
  readonly #read: (table: LiveName) => Promise<readonly object[]>
  readonly #tables = new Map(liveNames.map((table) => [table, new Map<string, object>()]))
  #reading = Promise.resolve()

  private constructor(read: (table: LiveName) => Promise<readonly object[]>) {
    this.#read = read
  }

  static async open(
    queue: UpdateQueue<LiveSchema>,
    read: (table: LiveName) => Promise<readonly object[]>,
  ): Promise<NaiveTables> {
    const tables = new NaiveTables(read)
    const subscription = queue.subscribe([...liveNames], {
      onDelivery: async (delivery) => {
        if (delivery.type === 'updates')
          for (const update of delivery.updates) tables.#apply(update)
        if (delivery.type === 'loss') await tables.#readAll()
      },
    })
    await subscription.ready
    await tables.#readAll()
    return tables
  }

  rows(table: LiveName): Iterable<object> {
    return this.#tables.get(table)?.values() ?? []
  }

  settled(): Promise<void> {
    return this.#reading
  }

  #readAll(): Promise<void> {
    this.#reading = (async () => {
      for (const table of liveNames)
        this.#tables.set(
          table,
          new Map((await this.#read(table)).map((row) => [keyOf(table, row), row])),
        )
    })()
    return this.#reading
  }

  #apply({ table, kind, record }: Pick<Update, 'table' | 'kind' | 'record'>): void {
    const rows = this.#tables.get(table as LiveName)
    const key = keyOf(table as LiveName, record)
    if (kind === 'delete') rows?.delete(key)
    else rows?.set(key, record)
  }
}

const keyOf = (table: LiveName, row: object): string =>
  JSON.stringify(keys[table].map((field) => (row as Record<string, unknown>)[field]))
