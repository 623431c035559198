import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { parseLine } from './journal-line.ts'
import { Life } from './life.ts'

/** How names of journals end. */
export const journalEnding = '.journal'

const chunkBytes = 1024 * 1024

class Follower {
  readonly life: Life
  readonly #file: number
  readonly #decoder = new StringDecoder()
  #rest = ''

  constructor(path: string, name: string) {
    this.life = new Life(name)
    this.#file = openSync(path, 'r')
  }

  read(chunk: Buffer): void {
    for (;;) {
      const length = readSync(this.#file, chunk)
      if (length === 0) return
      const lines = (this.#rest + this.#decoder.write(chunk.subarray(0, length))).split('\n')
      // The last line may be half of one: of a process killed while it wrote, it stays so.
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.life.take(parseLine(line))
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** All journals of a run, read as far as they are written. */
export class JournalFolder {
  readonly path: string
  readonly #followers = new Map<string, Follower>()
  readonly #chunk = Buffer.alloc(chunkBytes)

  constructor(path: string) {
    this.path = path
  }

  /** Reads what has been written since. */
  read(): void {
    for (const file of readdirSync(this.path).sort()) {
      if (!file.endsWith(journalEnding)) continue
      const name = file.slice(0, -journalEnding.length)
      let follower = this.#followers.get(name)
      if (!follower) {
        follower = new Follower(join(this.path, file), name)
        this.#followers.set(name, follower)
      }
      follower.read(this.#chunk)
    }
  }

  get lives(): Life[] {
    return [...this.#followers.values()].map(({ life }) => life)
  }

  life(name: string): Life | undefined {
    return this.#followers.get(name)?.life
  }

  close(): void {
    for (const follower of this.#followers.values()) follower.close()
  }
}
