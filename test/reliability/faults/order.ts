import type { NewUpdate, Update } from '../../../src/index.ts'

/** A record says by itself what it is, so that content is judged and not the library's numbers. */
export interface OrderRecord {
  /** Name of the queue that published it. */
  readonly PUBLISHER: string
  /** From 1, in each table of one life of a publisher. */
  readonly NUMBER: number
  /** How many updates its commit has. */
  readonly COMMIT_SIZE: number
  /** Tells two attempts at one number apart: the one that was rolled back, and the one that was not. */
  readonly NONCE: number
  /** Milliseconds of the machine's monotonic clock, the same for all its processes. */
  readonly SENT_AT: number
  /** What the fields above say, once more. */
  readonly CHECK: string
}

/** Milliseconds of a clock that all processes of this machine share and that never steps. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6

const checkOf = (publisher: string, number: number, size: number, nonce: number): string =>
  `${publisher}#${number}/${size}~${nonce}`

export function orderRecord(
  publisher: string,
  number: number,
  size: number,
  nonce: number,
): OrderRecord {
  return {
    PUBLISHER: publisher,
    NUMBER: number,
    COMMIT_SIZE: size,
    NONCE: nonce,
    SENT_AT: monotonicMs(),
    CHECK: checkOf(publisher, number, size, nonce),
  }
}

/** True: published by `Orders`, not by somebody else who uses the same tables. */
export const isOrder = (update: Update): update is Update<Record<string, OrderRecord>> =>
  'CHECK' in update.record

/** True: exactly what its publisher published under this number. */
export function isRight(update: Update<Record<string, OrderRecord>>): boolean {
  const { PUBLISHER, NUMBER, COMMIT_SIZE, NONCE, CHECK } = update.record
  return (
    PUBLISHER === update.publisher?.process &&
    NUMBER === update.sequence &&
    CHECK === checkOf(PUBLISHER, NUMBER, COMMIT_SIZE, NONCE)
  )
}

/** The commits of one life of one publisher, one after the other. */
export class Orders {
  readonly published = new Map<string, number>()
  readonly tables: readonly string[]
  readonly #publisher: string
  #next = 0

  constructor(publisher: string, tables: readonly string[]) {
    this.#publisher = publisher
    this.tables = tables
  }

  /** The next commit of `size` updates, which goes round the tables. */
  next(size: number): NewUpdate[] {
    return Array.from({ length: size }, () => {
      const table = this.tables[this.#next % this.tables.length] as string
      this.#next += 1
      return this.#update(table, size)
    })
  }

  /** An update of one table, a commit by itself. */
  of(table: string): NewUpdate {
    return this.#update(table, 1)
  }

  #update(table: string, size: number): NewUpdate {
    const number = (this.published.get(table) ?? 0) + 1
    this.published.set(table, number)
    return { table, kind: 'insert', record: orderRecord(this.#publisher, number, size, 0) }
  }
}
