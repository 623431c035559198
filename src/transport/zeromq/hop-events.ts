import type { TransportEvent } from '../transport.ts'

/** Says what happens to connections, by the names of their hops, always after the call that caused it. */
export class HopEvents {
  readonly #nameOf: (endpoint: string) => string
  readonly #tell: (event: TransportEvent) => void

  constructor(nameOf: (endpoint: string) => string, tell: (event: TransportEvent) => void) {
    this.#nameOf = nameOf
    this.#tell = tell
  }

  connected(endpoint: string): void {
    this.tell({ type: 'connected', to: this.#nameOf(endpoint), endpoint })
  }

  disconnected(endpoint: string): void {
    this.tell({ type: 'disconnected', to: this.#nameOf(endpoint), endpoint })
  }

  renewed(endpoint: string, why: string): void {
    this.tell({ type: 'renewed', hop: this.#nameOf(endpoint), why })
  }

  tell(event: TransportEvent): void {
    queueMicrotask(() => this.#tell(event))
  }
}
