import type { XPublisher, XSubscriber } from 'zeromq'
import { Proxy } from 'zeromq'

/**
 * A running proxy of libzmq. From `run()` on its two sockets belong to a thread of libuv's pool:
 * nobody touches them, and the proxy closes them when it ends.
 */
export class NativeProxy {
  /** Resolves when it has ended: with what failed, or with null after `stop()`. */
  readonly ended: Promise<Error | null>
  readonly #proxy: Proxy
  #stopping = false
  #over = false

  /** Both sockets must be bound or connected. */
  constructor(front: XSubscriber, back: XPublisher) {
    this.#proxy = new Proxy(front, back)
    this.ended = this.#run()
  }

  /** Idempotent; resolves when both sockets are closed. */
  async stop(): Promise<void> {
    if (!this.#stopping && !this.#over) {
      this.#stopping = true
      this.#proxy.terminate()
    }
    await this.ended
  }

  async #run(): Promise<Error | null> {
    try {
      await this.#proxy.run()
      return this.#stopping ? null : new Error('the proxy ended by itself')
    } catch (error) {
      return error as Error
    } finally {
      this.#over = true
    }
  }
}
