import { systemClock } from '../base/clock.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { TablesOf } from '../model/update.ts'
import { RecordTest, type Where } from '../model/where.ts'
import { traces } from '../queue/channels.ts'
import type { KeyFields, TableFields } from '../queue/table-fields.ts'
import type { UpdateQueue } from '../queue/update-queue.ts'
import { LiveGroup, type LiveSurroundings, type TableSource } from './live-group.ts'
import { liveLimits } from './live-limits.ts'
import { checkLiveOptions, checkLiveTable, checkTable } from './live-option-checks.ts'
import type {
  RowField,
  LiveKey,
  LiveOptions,
  LiveTableOptions,
  TablesOptions,
} from './live-options.ts'
import type { LiveTable, LiveTables } from './live-table.ts'
import { RowKey } from './row-key.ts'
import { TablesView, TableView } from './table-view.ts'

/** The fields that are left of a row when `Select` is what is selected. */
export type SelectedRow<Row, Select> = [Select] extends [undefined]
  ? Row
  : Pick<Row, Extract<Select extends readonly (infer Name)[] ? Name : Select, keyof Row>>

type AnyOptions = LiveTableOptions<object, KeyFields, KeyFields | undefined, never>

/**
 * Keeps the rows of one table in memory, equal to the database. Resolves when the subscription is ready and the table
 * was read; rejects with what the first read throws, or as `subscribe()` does, with ABORTED or CLOSED. Throws USAGE
 * where an option is not what it has to be.
 */
export async function liveTable<
  Tables extends TablesOf,
  const Table extends keyof Tables & string,
  const Key extends KeyFields<RowField<Tables[Table]>>,
  const Select extends KeyFields<RowField<Tables[Table]>> | undefined = undefined,
  Within = undefined,
>(
  queue: UpdateQueue<Tables>,
  options: { readonly table: Table } & LiveTableOptions<Tables[Table], Key, Select, Within> &
    LiveOptions<Within>,
): Promise<LiveTable<SelectedRow<Tables[Table], Select>, LiveKey<Tables[Table], Key>, Table>> {
  checkTable(options)
  const { table, within, onEvent, signal, ...ofTable } = options
  const group = await openGroup(
    queue as never,
    'liveTable()',
    { [table]: ofTable as unknown as AnyOptions },
    { within, onEvent, signal } as LiveOptions<never>,
  )
  return new TableView(group, table)
}

/**
 * The same for several tables: what a commit changes in them it changes in one turn. `tables` of what it gives has
 * each of them by its name.
 */
export async function liveTables<
  Tables extends TablesOf,
  const Keys extends { readonly [Table in keyof Tables]?: KeyFields<RowField<Tables[Table]>> },
  const Selects extends { readonly [Table in keyof Keys]?: unknown },
  Within = undefined,
>(
  queue: UpdateQueue<Tables>,
  tables: TablesOptions<Tables, Keys, Selects, Within>,
  options: LiveOptions<Within> = {},
): Promise<LiveTables<ViewsOf<Tables, Keys, Selects>>> {
  const group = await openGroup(queue as never, 'liveTables()', tables, options as never)
  return new TablesView(group, Object.keys(tables)) as never
}

/** A live table for each table that has a key. */
export type ViewsOf<Tables extends TablesOf, Keys, Selects> = {
  readonly [Table in keyof Keys & keyof Tables & string]: LiveTable<
    SelectedRow<Tables[Table], Table extends keyof Selects ? Fields<Selects[Table]> : undefined>,
    LiveKey<Tables[Table], Keys[Table]>,
    Table
  >
}

/** What is selected; `unknown`: nothing is. */
type Fields<Select> = [Select] extends [KeyFields] ? Select : undefined

export const systemSurroundings: LiveSurroundings = {
  clock: systemClock,
  random: Math.random,
  limits: liveLimits,
}

/** Opens what is behind one live table or several. */
export async function openGroup(
  queue: UpdateQueue,
  call: string,
  tables: Readonly<Record<string, AnyOptions>>,
  options: LiveOptions<never>,
  surroundings: LiveSurroundings = systemSurroundings,
): Promise<LiveGroup> {
  checkLiveOptions(call, options)
  const names = Object.keys(tables)
  const given = Object.entries(tables)
  for (const [name, ofTable] of given) checkLiveTable(name, ofTable)
  const sources = given.map(([name, ofTable]) => traced(sourceOf(name, ofTable), queue.identity))
  const where = given.flatMap(([name, { where }]) => (where === undefined ? [] : [[name, where]]))
  const select = given.flatMap(([name, { select }]) =>
    select === undefined ? [] : [[name, select]],
  )
  const wanted = {
    ...(where.length > 0 && { where: Object.fromEntries(where) as Where }),
    ...(select.length > 0 && { select: Object.fromEntries(select) as TableFields }),
  }
  const group = new LiveGroup(sources, options, surroundings)
  await group.open((onDelivery) => queue.subscribe(names, { ...wanted, onDelivery }))
  return group
}

/** Each read is told to who listens. */
function traced(source: TableSource, queue: PublisherIdentity): TableSource {
  const table = source.schema.name
  const told = (keys: number | null, read: () => unknown): unknown =>
    traces.read.isHeard ? traces.read.promise({ queue, table, keys }, async () => read()) : read()
  return {
    ...source,
    read: (context) => told(null, () => source.read(context)),
    readKeys: (keys, context) => told(keys.length, () => source.readKeys(keys, context)),
  }
}

function sourceOf(name: string, options: AnyOptions): TableSource {
  const { key, version, where, select, read, readKeys } = options
  return {
    schema: {
      name,
      key: new RowKey(key),
      versionField: version ?? null,
      test: where === undefined ? null : new RecordTest(where),
      readsKeys: readKeys !== undefined,
    },
    select: select === undefined ? null : [select].flat(),
    read: (context) => read(context as never),
    readKeys: (keys, context) => readKeys?.(keys, context as never),
  }
}
