import { abortable } from '../base/abortable.ts'
import { TidingsError } from '../base/tidings-error.ts'

interface Waiter {
  resolve(): void
  reject(error: TidingsError): void
}

/** Who waits for something of live tables: until it has come, they end, or the signal aborts. */
export class LiveWaiters {
  readonly #waiting = new Set<Waiter>()
  #ended: TidingsError | null = null

  /** `begin` is given what resolves, and gives what ends the wait. */
  async wait(
    signal: AbortSignal | undefined,
    begin: (resolve: () => void) => () => void,
  ): Promise<void> {
    let end = (): void => undefined
    try {
      await abortable<void>(signal, (resolve, reject) => {
        if (this.#ended) return reject(this.#ended)
        const waiter = { resolve, reject }
        this.#waiting.add(waiter)
        const endsWait = begin(resolve)
        end = () => {
          this.#waiting.delete(waiter)
          endsWait()
        }
      })
    } finally {
      end()
    }
  }

  /** All that anybody can wait for is there. */
  resolveAll(): void {
    for (const waiter of this.#waiting) waiter.resolve()
    this.#waiting.clear()
  }

  end(error: TidingsError): void {
    this.#ended = error
    for (const waiter of this.#waiting) waiter.reject(error)
    this.#waiting.clear()
  }
}
