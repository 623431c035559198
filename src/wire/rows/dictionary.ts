import type { ByteWriter } from '../bytes/byte-writer.ts'
import { wireLimits } from '../limits.ts'
import { textBytes, textEncodings } from './payload.ts'

/** A longer string is not worth an entry: it hardly comes twice. */
const maxEntryCharacters = 255

/** A power of two. Fields that have a dictionary say some ten different things. */
const recentSlots = 64
const entryHeaderBytes = 5
const dictionaryHeaderBytes = 2

/** Bytes that several dictionaries take when written. */
export interface DictionaryTally {
  bytes: number
}

/** The distinct strings of one field in one segment, in the order of their first use. */
export class Dictionary {
  readonly entries: string[] = []
  /** The entry where there is a single one, of a field that says the same in every row. */
  only = ''
  isSingle = false
  private tally: DictionaryTally = { bytes: 0 }
  private readonly indexes = new Map<string, number>()
  private readonly recent: string[] = Array.from({ length: recentSlots }, () => '')
  private readonly recentIndexes = new Uint16Array(recentSlots)

  /** Begins for another segment: what it takes counts to the tally of that one. */
  begin(tally: DictionaryTally): void {
    this.tally = tally
    tally.bytes += dictionaryHeaderBytes
  }

  /** Lets everything go: the texts may be parts of larger ones, which they keep alive. */
  clear(): void {
    this.entries.length = 0
    this.isSingle = false
    this.only = ''
    this.indexes.clear()
    this.recent.fill('')
  }

  /** The index of a text, which becomes an entry when it is new; −1: give the dictionary up. */
  indexOf(text: string): number {
    const { length } = text
    if (length === 0) return this.indexOfNew(text, 0)
    // A look at one remembered string costs less than hashing the text, which is new memory each time.
    // Names and codes differ at their begin or in their last two characters.
    const slot =
      (text.charCodeAt(0) * 91 +
        text.charCodeAt(length - 1) +
        (length > 1 ? text.charCodeAt(length - 2) * 17 : 0)) &
      (recentSlots - 1)
    if (this.recent[slot] === text) return this.recentIndexes[slot] as number
    return this.indexOfNew(text, slot)
  }

  /** Forgets all entries from `length` on. */
  truncate(length: number): void {
    while (this.entries.length > length) {
      const text = this.entries.pop() as string
      this.indexes.delete(text)
      this.tally.bytes -= entryHeaderBytes + textBytes(text).bytes
    }
    this.recent.fill('')
    this.isSingle = false
  }

  writeTo(out: ByteWriter): void {
    out.u16(this.entries.length)
    for (const text of this.entries) {
      const { wide, bytes } = textBytes(text)
      out.u8(wide ? textEncodings.utf16le : textEncodings.latin1)
      out.u32(bytes)
      out.bytes(Buffer.from(text, wide ? 'utf16le' : 'latin1'))
    }
  }

  /** Of a text that is not remembered in its slot. */
  private indexOfNew(text: string, slot: number): number {
    const index = this.indexes.get(text) ?? this.add(text)
    if (index >= 0 && text !== '') {
      this.recent[slot] = text
      this.recentIndexes[slot] = index
    }
    return index
  }

  private add(text: string): number {
    const index = this.entries.length
    if (index >= wireLimits.maxDictionaryEntries || text.length > maxEntryCharacters) return -1
    this.isSingle = index === 0
    this.only = text
    this.entries.push(text)
    this.indexes.set(text, index)
    this.tally.bytes += entryHeaderBytes + textBytes(text).bytes
    return index
  }
}
