import type { ByteWriter } from './byte-writer.ts'
import { wireLimits } from './limits.ts'
import { textBytes, textEncodings } from './payload.ts'

/** A longer string is not worth an entry: it hardly comes twice. */
const maxEntryCharacters = 255

const recentSlots = 64
const noTexts: readonly string[] = Array.from({ length: recentSlots }, () => '')
export const entryHeaderBytes = 5

/** The distinct strings of one field in one segment, in the order of their first use. */
export class Dictionary {
  readonly entries: string[] = []
  /** Bytes that the entries take when written. */
  bytes = 2
  private readonly indexes = new Map<string, number>()
  private readonly recent: string[] = noTexts.slice()
  private readonly recentIndexes = new Uint16Array(recentSlots)

  /** The index of a text, which becomes an entry when it is new; −1: give the dictionary up. */
  indexOf(text: string): number {
    const length = text.length
    // A look at one remembered string costs less than hashing the text, which is new memory each time.
    const slot =
      length === 0
        ? 0
        : (length + text.charCodeAt(0) * 5 + text.charCodeAt(length - 1) * 3) & (recentSlots - 1)
    if (this.recent[slot] === text && length !== 0) return this.recentIndexes[slot] as number
    const index = this.indexes.get(text) ?? this.add(text)
    if (index >= 0) {
      this.recent[slot] = text
      this.recentIndexes[slot] = index
    }
    return index
  }

  /** Forgets all entries from `length` on. */
  truncate(length: number): void {
    while (this.entries.length > length) {
      const text = this.entries.pop() as string
      this.indexes.delete(text)
      this.bytes -= entryHeaderBytes + textBytes(text).bytes
    }
    this.recent.fill('')
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

  private add(text: string): number {
    const index = this.entries.length
    if (index >= wireLimits.maxDictionaryEntries || text.length > maxEntryCharacters) return -1
    this.entries.push(text)
    this.indexes.set(text, index)
    this.bytes += entryHeaderBytes + textBytes(text).bytes
    return index
  }
}
