import { stat } from 'node:fs'
import { readSecretFile } from '../../base/secret-file.ts'
import { encodeZ85 } from '../../base/z85.ts'
import { readKeys } from '../../model/key-file-text.ts'
import type { KeyPair } from '../../model/key-pair.ts'
import type { KeyRing, KeySettings } from '../../model/key-ring.ts'

/** What came of a change of the key file. */
export interface KeyNews {
  /** False: the keys are what they were. */
  readonly isTaken: boolean
  /** A sentence for people. */
  readonly message: string
}

/**
 * The keys of this process: those of its file, which is read again when it changes. So keys are changed while
 * everybody is connected; what is connected stays so. A port keeps the pair that was first when the process began: libzmq
 * takes it when the port is bound, and a port that is bound anew puts out everybody.
 */
export class Keys {
  /** The pair of our own ports. */
  readonly own: KeyPair
  readonly #file: string
  /** Those of the file, in its order. */
  #inFile: KeyRing
  #ring: KeyRing
  #publicKeys: ReadonlySet<string>
  #untaken: string | null = null
  /** Of the file as it was read last; null: not known. */
  #stamp: string | null = null
  #reading: Promise<KeyNews | null> | null = null

  constructor({ file, ring }: KeySettings) {
    this.#file = file
    this.own = ring[0]
    this.#inFile = ring
    this.#ring = ring
    this.#publicKeys = publicKeysOf(ring)
  }

  /** null: there are none, and nobody needs one. */
  static of(settings: KeySettings | null | undefined): Keys | null {
    return settings ? new Keys(settings) : null
  }

  /** Those of the file, in its order; behind them `own`, if the file has it no more. */
  get ring(): KeyRing {
    return this.#ring
  }

  /** Why the file is not taken as it is now; null: it is. */
  get untaken(): string | null {
    return this.#untaken
  }

  accepts(publicKey: Buffer): boolean {
    return publicKey.length % 4 === 0 && this.#publicKeys.has(encodeZ85(publicKey))
  }

  /** Looks whether the file has changed, and takes what it has now. null: nothing is new. Never rejects. */
  refresh(): Promise<KeyNews | null> {
    this.#reading ??= this.#refresh().finally(() => (this.#reading = null))
    return this.#reading
  }

  async #refresh(): Promise<KeyNews | null> {
    const stamp = await stampOf(this.#file)
    if (stamp === this.#stamp) return null
    this.#stamp = stamp
    const found = readSecretFile(this.#file)
    if ('why' in found) return this.#refused(`${this.#file}: ${found.why}`)
    const read = readKeys(found.text)
    if ('ring' in read) return this.#take(read.ring)
    const [problem] = read.problems
    return this.#refused(`${this.#file}:${problem?.line}:${problem?.column}: ${problem?.message}`)
  }

  #refused(why: string): KeyNews {
    this.#untaken = why
    return {
      isTaken: false,
      message: `the key file is not taken, the keys stay as they are: ${why}`,
    }
  }

  #take(ring: KeyRing): KeyNews | null {
    this.#untaken = null
    const isSame =
      ring.length === this.#inFile.length &&
      ring.every((pair, place) => pair.public === this.#inFile[place]?.public)
    if (isSame) return null
    this.#inFile = ring
    const hasOwn = ring.some((pair) => pair.public === this.own.public)
    const taken: KeyRing = hasOwn ? ring : [...ring, this.own]
    this.#ring = taken
    this.#publicKeys = publicKeysOf(taken)
    const keys = ring.map((pair) => pair.public).join(' ')
    const still =
      ring[0].public === this.own.public
        ? ''
        : `; until this process is started again its ports have ${this.own.public}${hasOwn ? '' : ', which is in the file no more'}`
    return {
      isTaken: true,
      message: `the key file was read again, its public keys: ${keys}${still}`,
    }
  }
}

const publicKeysOf = (ring: KeyRing): ReadonlySet<string> =>
  new Set(ring.map((pair) => pair.public))

/** Another one whenever content, owner or mode may be others. */
const stampOf = (file: string): Promise<string> =>
  new Promise((resolve) => {
    stat(file, { bigint: true }, (error, status) => {
      if (error) return resolve(String(error.code))
      const { dev, ino, size, mtimeNs, ctimeNs } = status
      resolve([dev, ino, size, mtimeNs, ctimeNs].join(' '))
    })
  })
