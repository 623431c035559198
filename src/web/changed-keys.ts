import { toJson } from '../lines/json-output.ts'

/** Which keys have changed, each with the number of the last event that changed it. */
export class ChangedKeys {
  readonly #most: number
  /** By the text of the key, in the order of their changes. */
  readonly #byText = new Map<unknown, { readonly key: unknown; readonly number: number }>()
  /** Behind this event all changed keys are known. */
  #knownFrom = 0

  /** `most`: keys that are remembered. */
  constructor(most: number) {
    this.#most = most
  }

  add(key: unknown, number: number): void {
    const text = textOf(key)
    this.#byText.delete(text)
    this.#byText.set(text, { key, number })
    if (this.#byText.size <= this.#most) return
    for (const [oldest, { number: forgotten }] of this.#byText) {
      this.#byText.delete(oldest)
      this.#knownFrom = forgotten
      return
    }
  }

  /** The keys that events behind this one have changed; null: that is not known any more. */
  since(number: number): unknown[] | null {
    if (number < this.#knownFrom) return null
    return [...this.#byText.values()].filter((each) => each.number > number).map(({ key }) => key)
  }
}

/** As a Map compares it: of a list of fields, of dates and bytes a text. */
const textOf = (key: unknown): unknown =>
  typeof key === 'object' && key !== null ? `\0${toJson(key)}` : key
