import { loadPg } from '../pg-client.ts'
import { queueTableOf } from '../changed-table.ts'
import { CapturedTable, type ParseValue } from './captured-table.ts'
import { readBaseTypes, readEntries, type TableEntry } from './captured-tables.ts'
import type { Relation } from './pgoutput.ts'
import type { ControlConnection } from './control-connection.ts'

/** Makes changes out of rows of the stream, with the values that a SELECT by pg has of them. */
export class TableReader {
  readonly #client: ControlConnection
  readonly #types: (typeof import('pg'))['types']
  readonly #tables = new WeakMap<Relation, CapturedTable>()
  /** Of each table the columns that the stream told last, by its oid. */
  readonly #columns = new Map<number, string>()

  private constructor(client: ControlConnection, types: (typeof import('pg'))['types']) {
    this.#client = client
    this.#types = types
  }

  static async open(client: ControlConnection): Promise<TableReader> {
    const { types } = await loadPg()
    return new TableReader(client, types)
  }

  /** undefined: `load()` has to be asked first. */
  of(relation: Relation): CapturedTable | undefined {
    return this.#tables.get(relation)
  }

  /** True: the stream had other columns of this table before. */
  async load(relation: Relation): Promise<boolean> {
    const { oid, columns } = relation
    const bases = await readBaseTypes(
      this.#client,
      columns.map(({ typeOid }) => typeOid),
    )
    const [entry] = await readEntries(this.#client, [oid])
    const parsers = columns.map(({ typeOid }): ParseValue =>
      this.#types.getTypeParser(bases.get(typeOid) ?? typeOid, 'text'),
    )
    const table = new CapturedTable(
      queueTableOf(relation),
      relation,
      parsers,
      entry?.primaryKey ?? [],
      entry?.generated ?? [],
    )
    this.#tables.set(relation, table)
    const told = JSON.stringify([relation.identity, columns])
    const before = this.#columns.get(oid)
    this.#columns.set(oid, told)
    return before !== undefined && before !== told
  }

  /** What comes of this table next need not be told: it is known already that it was altered. */
  forget({ oid }: TableEntry): void {
    this.#columns.delete(oid)
  }
}
