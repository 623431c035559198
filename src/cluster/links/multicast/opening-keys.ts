import { createSecretKey, type KeyObject } from 'node:crypto'
import type { MulticastLimits } from './multicast-limits.ts'
import type { ToldKey } from './sealing-keys.ts'

interface Opener {
  readonly epoch: number
  readonly key: KeyObject
  /** From then on nothing is opened with it; Infinity: there is no later one. */
  until: number
}

/** What the datagrams of one session of another node are opened with, as it has told over the channel. Time is an argument. */
export class OpeningKeys {
  readonly #limits: Pick<MulticastLimits, 'epochKeptMs'>
  /** At most two, the later one last. */
  #keys: Opener[] = []

  constructor(limits: Pick<MulticastLimits, 'epochKeptMs'>) {
    this.#limits = limits
  }

  /** It says the key of an epoch: the first word of it holds. The one before is kept for what is still on its way, or repaired. */
  told({ epoch, key }: ToldKey, now: number): void {
    const latest = this.#keys.at(-1)
    if (epoch === 0 || epoch <= (latest?.epoch ?? 0)) return
    if (latest) latest.until = now + this.#limits.epochKeptMs
    this.#keys = [...this.#keys.slice(-1), { epoch, key: createSecretKey(key), until: Infinity }]
  }

  /** null: it was not told, or long ago. */
  of(epoch: number, now: number): KeyObject | null {
    return this.#keys.find((each) => each.epoch === epoch && now < each.until)?.key ?? null
  }
}
