import { malformed } from './message-reader.ts'
import type { OutputMessage, Relation, Tuple } from './pgoutput.ts'

/** A change of one row, with what the stream said of its table before it. Values are text. */
export interface CapturedRow {
  readonly kind: 'insert' | 'modify' | 'delete'
  readonly relation: Relation
  /** After the change; null: it was deleted. */
  readonly row: Tuple | null
  /** The whole row before; null: the table's identity does not tell it. */
  readonly old: Tuple | null
  /** Of a row that was deleted or has another key now, the key before, where `old` is null. */
  readonly oldKey: Tuple | null
}

/** A transaction that has committed, in the order of its statements. */
export interface CapturedTransaction {
  /** Its number, of which the stream has 32 bits. */
  readonly transaction: number
  /** Where its commit stands: the version of its changes. */
  readonly commitPosition: bigint
  /** Just behind it. */
  readonly endPosition: bigint
  readonly rows: readonly CapturedRow[]
  /** Tables of which it is not told what has changed, and why. */
  readonly resets: ReadonlyMap<Relation, string>
  /** What it takes in memory, about. */
  readonly bytes: number
}

/** What a row takes beside its values, about. */
const bytesPerRow = 64

/** Puts transactions together out of the messages of the stream, which sends one whole behind the other. */
export class TransactionAssembly {
  readonly #maxBytes: number
  readonly #relations = new Map<number, Relation>()
  #begun: { readonly transaction: number; readonly commitPosition: bigint } | null = null
  #rows: CapturedRow[] = []
  #resets = new Map<Relation, string>()
  #bytes = 0

  /** `maxBytes`: of a transaction of more only its tables are kept. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Between its begin and its commit. */
  get isWithin(): boolean {
    return this.#begun !== null
  }

  /** The transaction that ends with this message; null: none does. */
  add(message: OutputMessage, bytes: number): CapturedTransaction | null {
    switch (message.type) {
      case 'begin': {
        const { transaction, commitPosition } = message
        this.#begun = { transaction, commitPosition }
        return null
      }
      case 'commit':
        return this.#commit(message.endPosition)
      case 'relation':
        this.#relations.set(message.oid, message)
        return null
      case 'truncate':
        for (const oid of message.oids) this.#resets.set(this.#relation(oid), 'it was truncated')
        return null
      case 'insert':
      case 'update':
      case 'delete':
        this.#change(message, bytes)
        return null
      default:
        return null
    }
  }

  #change(
    message: Extract<OutputMessage, { readonly type: 'insert' | 'update' | 'delete' }>,
    bytes: number,
  ): void {
    const relation = this.#relation(message.oid)
    if (this.#bytes > this.#maxBytes) {
      this.#tooLarge(relation)
      return
    }
    this.#rows.push(rowOf(message, relation))
    this.#bytes += bytes + bytesPerRow
    if (this.#bytes <= this.#maxBytes) return
    for (const row of this.#rows) this.#tooLarge(row.relation)
    this.#rows = []
  }

  #tooLarge(relation: Relation): void {
    if (!this.#resets.has(relation))
      this.#resets.set(relation, `a transaction of more than ${this.#maxBytes} bytes`)
  }

  #commit(endPosition: bigint): CapturedTransaction {
    const begun = this.#begun
    if (!begun) throw malformed('a commit without a begin')
    const rows = this.#rows
    const resets = this.#resets
    const bytes = Math.min(this.#bytes, this.#maxBytes)
    this.#begun = null
    this.#rows = []
    this.#resets = new Map()
    this.#bytes = 0
    return { ...begun, endPosition, rows, resets, bytes }
  }

  #relation(oid: number): Relation {
    const relation = this.#relations.get(oid)
    if (!relation) throw malformed(`a change of the table ${oid}, of which nothing was said`)
    return relation
  }
}

function rowOf(
  message: Extract<OutputMessage, { readonly type: 'insert' | 'update' | 'delete' }>,
  relation: Relation,
): CapturedRow {
  if (message.type === 'insert')
    return { kind: 'insert', relation, row: message.row, old: null, oldKey: null }
  const { old = null, oldKey = null } = message
  if (message.type === 'update') return { kind: 'modify', relation, row: message.row, old, oldKey }
  return { kind: 'delete', relation, row: null, old, oldKey }
}
