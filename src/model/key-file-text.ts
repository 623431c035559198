import { decodeZ85 } from '../base/z85.ts'
import { keyBytes, type KeyPair, publicKeyOf } from './key-pair.ts'
import { type KeyRing, maxKeyPairs } from './key-ring.ts'

/** What is wrong with the text of a key file, and where. It holds nothing of a key. */
export interface KeyProblem {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** The same place from the beginning of the text, in UTF-16 units. */
  readonly offset: number
  readonly message: string
}

export type ReadKeys = { readonly ring: KeyRing } | { readonly problems: readonly KeyProblem[] }

/** The text of a key file that holds these pairs. */
export function keyFileText(pairs: readonly KeyPair[]): string {
  const lines = pairs.map((pair) => `secret ${pair.secret}\npublic ${pair.public}\n`)
  return `# Whoever has this file is in the cluster: keep it for its owner alone (mode 600).\n${lines.join('')}`
}

/**
 * Reads the text of a key file: lines `secret KEY` and `public KEY`, pair behind pair. Empty lines, and those that begin
 * with `#`, are passed over. Total: any text gives a ring, or all that is wrong with it.
 */
export function readKeys(text: string): ReadKeys {
  const reader = new KeyReader()
  let offset = 0
  for (const [place, line] of text.split('\n').entries()) {
    reader.take(line, place + 1, offset)
    offset += line.length + 1
  }
  return reader.end()
}

interface Place {
  readonly line: number
  readonly column: number
  readonly offset: number
}

/** Takes the lines one after the other. */
class KeyReader {
  readonly #pairs: KeyPair[] = []
  readonly #problems: KeyProblem[] = []
  #open: { readonly secret: string; readonly place: Place } | null = null

  take(line: string, number: number, offset: number): void {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) return
    const at = (column: number): Place => ({
      line: number,
      column: column + 1,
      offset: offset + column,
    })
    const begin = line.indexOf(content)
    const word = /^\S+/.exec(content)?.[0] ?? ''
    const key = content.slice(word.length).trim()
    if (word !== 'secret' && word !== 'public')
      return this.#refuse(at(begin), 'expected `secret` or `public`, and a key behind it')
    const keyAt = at(key === '' ? begin : line.lastIndexOf(key))
    if (decodeZ85(key)?.length !== keyBytes)
      return this.#refuse(keyAt, `expected a key behind \`${word}\`: 40 characters of Z85`)
    if (word === 'secret') this.#takeSecret(key, keyAt)
    else this.#takePublic(key, keyAt)
  }

  end(): ReadKeys {
    this.#refuseOpen()
    const [first, ...rest] = this.#pairs
    if (first === undefined && this.#problems.length === 0)
      this.#refuse(
        { line: 1, column: 1, offset: 0 },
        'there is no key in it: make one with `tidings keygen`',
      )
    if (first === undefined || this.#problems.length > 0) return { problems: this.#problems }
    return { ring: [first, ...rest] }
  }

  #takeSecret(secret: string, place: Place): void {
    this.#refuseOpen()
    this.#open = { secret, place }
  }

  #takePublic(key: string, place: Place): void {
    const open = this.#open
    this.#open = null
    if (open === null)
      return this.#refuse(place, 'the `secret` of this key is to stand in the line before it')
    if (publicKeyOf(open.secret) !== key)
      return this.#refuse(place, 'it is not the public key of the secret before it')
    if (this.#pairs.some((pair) => pair.public === key))
      return this.#refuse(place, 'this key stands in the file twice')
    if (this.#pairs.length === maxKeyPairs)
      return this.#refuse(place, `there are more than ${maxKeyPairs} keys: take the oldest out`)
    this.#pairs.push({ secret: open.secret, public: key })
  }

  #refuseOpen(): void {
    if (this.#open !== null)
      this.#refuse(this.#open.place, 'the `public` key of this secret is to stand behind it')
    this.#open = null
  }

  #refuse({ line, column, offset }: Place, message: string): void {
    this.#problems.push({ line, column, offset, message })
  }
}
