import type { ControlConnection } from './control-connection.ts'

/**
 * Which transactions a SELECT sees that begins now. A commit is in the write-ahead log, and in our stream, before others see
 * it: a moment before, or for as long as it waits for a synchronous standby. Who was told of it then, and read the
 * row, would read the old one and keep it. So what is not visible yet is not published yet.
 */
export class VisibleTransactions {
  readonly #from: bigint
  readonly #to: bigint
  readonly #running: ReadonlySet<bigint>

  /** `text`: of `pg_current_snapshot()`, such as `10:14:11,12`: all below 10, and of those below 14 all but 11 and 12. */
  constructor(text: string) {
    const [from = '0', to = '0', running = ''] = text.split(':')
    this.#from = BigInt(from)
    this.#to = BigInt(to)
    this.#running = new Set(running === '' ? [] : running.split(',').map(BigInt))
  }

  /** All numbers below it are of transactions that have ended. */
  get from(): bigint {
    return this.#from
  }

  get to(): bigint {
    return this.#to
  }

  /** `transaction`: the lower 32 bits of the number of a transaction that has committed. */
  has(transaction: number): boolean {
    const whole = this.#whole(transaction)
    return whole < this.#from || (whole < this.#to && !this.#running.has(whole))
  }

  /** Of all numbers with these 32 bits the one that is nearest. */
  #whole(transaction: number): bigint {
    const whole = (this.#to & ~lower) | BigInt(transaction)
    if (whole > this.#to + half) return whole - 2n * half
    return whole < this.#to - half ? whole + 2n * half : whole
  }
}

const half = 2n ** 31n
const lower = 2n * half - 1n

/** What a SELECT sees that begins now. */
export async function readVisible(client: ControlConnection): Promise<VisibleTransactions> {
  const { rows } = await client.query<{ readonly snapshot: string }>(
    'select pg_current_snapshot()::text as snapshot',
  )
  return new VisibleTransactions(rows[0]?.snapshot ?? '')
}
