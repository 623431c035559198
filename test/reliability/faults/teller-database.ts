import { DatabaseSync } from 'node:sqlite'
import type { PublishedStream } from './judge.ts'
import type { Recorded } from './recorder.ts'

export const tellerTables = ['TRADE', 'POSITION']

interface Change {
  readonly life: string
  readonly txn: number
  readonly name: string
  readonly number: number
  readonly nonce: number
}

/** One life of a teller, as its database tells it. */
export interface TellerLife {
  readonly incarnation: string
  readonly streams: readonly PublishedStream[]
  readonly updates: number
  /** Of the last transaction: a teller killed between commit and publish takes it along unseen. */
  readonly lastCommit: readonly { readonly table: string; readonly number: number }[]
}

/** The truth: what was committed in each life. */
export class TellerDatabase {
  readonly file: string
  readonly #nonces = new Map<string, number[]>()
  readonly #last = new Map<string, { txn: number; updates: { table: string; number: number }[] }>()
  #read = 0

  constructor(file: string) {
    this.file = file
  }

  /** Reads what was committed since the last time; nobody writes meanwhile. */
  read(): void {
    const database = new DatabaseSync(this.file)
    try {
      const found = database.prepare("SELECT name FROM sqlite_master WHERE name = 'change'").get()
      if (!found) return
      const select = database.prepare('SELECT rowid, * FROM change WHERE rowid > ? ORDER BY rowid')
      for (const row of select.iterate(this.#read)) {
        this.#take(row as unknown as Change)
        this.#read = Number(row['rowid'])
      }
    } finally {
      database.close()
    }
  }

  get updates(): number {
    let updates = 0
    for (const nonces of this.#nonces.values()) updates += nonces.length
    return updates
  }

  get lives(): TellerLife[] {
    return [...this.#last].map(([incarnation, last]) => {
      const streams = tellerTables.map((table) => {
        const count = this.#nonces.get(`${incarnation} ${table}`)?.length ?? 0
        return { incarnation, table, last: count }
      })
      const updates = streams.reduce((sum, stream) => sum + stream.last, 0)
      return { incarnation, streams, updates, lastCommit: last.updates }
    })
  }

  /** Updates delivered that were never committed under this number: another attempt, or none. */
  uncommitted({ streams }: Recorded): number {
    let count = 0
    for (const { incarnation, table, nonces, ranges } of streams) {
      const committed = this.#nonces.get(`${incarnation} ${table}`)
      if (!committed) continue
      for (const { from, to } of ranges)
        for (let number = from; number <= Math.min(to, committed.length); number += 1)
          if (nonces[number - 1] !== committed[number - 1]) count += 1
    }
    return count
  }

  #take({ life, txn, name: table, number, nonce }: Change): void {
    const key = `${life} ${table}`
    let nonces = this.#nonces.get(key)
    if (!nonces) this.#nonces.set(key, (nonces = []))
    if (nonces.push(nonce) !== number) throw new Error(`${key}: ${number} is not the next number`)
    let last = this.#last.get(life)
    if (!last || last.txn !== txn) this.#last.set(life, (last = { txn, updates: [] }))
    last.updates.push({ table, number })
  }
}
