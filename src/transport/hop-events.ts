import type { TransportEvent } from './transport.ts'

/** Says what happens to connections, by the names of their hops, always after the call that caused it. */
export class HopEvents {
  readonly #nameOf: (endpoint: string) => string
  readonly #tell: (event: TransportEvent) => void
  /** Of what stands: who has left has no name any more when its connection ends. */
  readonly #connected = new Map<string, string>()

  constructor(nameOf: (endpoint: string) => string, tell: (event: TransportEvent) => void) {
    this.#nameOf = nameOf
    this.#tell = tell
  }

  connected(endpoint: string): void {
    const to = this.#nameOf(endpoint)
    this.#connected.set(endpoint, to)
    this.tell({ type: 'connected', to, endpoint })
  }

  disconnected(endpoint: string): void {
    const to = this.#connected.get(endpoint) ?? this.#nameOf(endpoint)
    this.#connected.delete(endpoint)
    this.tell({ type: 'disconnected', to, endpoint })
  }

  renewed(endpoint: string, why: string): void {
    this.tell({ type: 'renewed', hop: this.#nameOf(endpoint), why })
  }

  shutOut(endpoint: string, message: string): void {
    this.tell({ type: 'shut-out', to: this.#nameOf(endpoint), endpoint, message })
  }

  tell(event: TransportEvent): void {
    queueMicrotask(() => this.#tell(event))
  }
}
