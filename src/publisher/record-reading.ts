import { TidingsError } from '../base/tidings-error.ts'

/** While `publish()` reads records, code of the application may run: getters, `toJSON`, Proxies. */
export class RecordReading {
  #isOn = false

  begin(): void {
    this.#isOn = true
  }

  end(): void {
    this.#isOn = false
  }

  /** Throws USAGE within it: the commit is half taken then, and nothing may come between. */
  check(call: string): void {
    if (!this.#isOn) return
    throw new TidingsError(
      'USAGE',
      `${call} was called while publish() reads a record, from a getter, toJSON() or Proxy of it: call it before or after`,
    )
  }
}
