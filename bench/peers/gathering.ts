import { setImmediate as turn } from 'node:timers/promises'

/**
 * What a product makes fast that has a price for each message or transaction: what is given in one turn of the
 * event loop, and what comes while that is on its way, leaves together, in order.
 */
export class Gathering<Item> {
  readonly #send: (items: readonly Item[]) => Promise<unknown>
  #waiting: Item[] = []
  #sending: Promise<void> | null = null

  /** `send` resolves when the next ones may follow. */
  constructor(send: (items: readonly Item[]) => Promise<unknown>) {
    this.#send = send
  }

  append(item: Item): void {
    this.#waiting.push(item)
    this.#sending ??= this.#run()
  }

  /** Resolves when all of them have left. */
  async drain(): Promise<void> {
    await this.#sending
  }

  async #run(): Promise<void> {
    await turn()
    while (this.#waiting.length > 0) {
      const items = this.#waiting
      this.#waiting = []
      await this.#send(items)
    }
    this.#sending = null
  }
}
