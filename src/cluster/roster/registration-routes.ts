/** Who was heard last on which registration connection: several, where one program registers several names. */
export class RegistrationRoutes {
  /** Incarnations by connection. */
  readonly #bearers = new Map<string, Set<string>>()
  /** Connections that have ended and not been made again. */
  readonly #ended = new Set<string>()

  keys(): IterableIterator<string> {
    return this.#bearers.keys()
  }

  /** All that were heard last on this connection. */
  bearers(route: string): Iterable<string> {
    return this.#bearers.get(route) ?? []
  }

  add(route: string, incarnation: string): void {
    const bearers = this.#bearers.get(route)
    if (bearers) bearers.add(incarnation)
    else this.#bearers.set(route, new Set([incarnation]))
  }

  remove(route: string, incarnation: string): void {
    const bearers = this.#bearers.get(route)
    if (!bearers?.delete(incarnation) || bearers.size > 0) return
    this.#bearers.delete(route)
    this.#ended.delete(route)
  }

  noteEnd(route: string): void {
    if (this.#bearers.has(route)) this.#ended.add(route)
  }

  /** True: it had ended. */
  noteOpen(route: string): boolean {
    return this.#ended.delete(route)
  }

  ended(): Iterable<string> {
    return this.#ended
  }
}
