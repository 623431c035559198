import { TidingsError } from '../../base/tidings-error.ts'
import type { PublisherIdentity } from '../../model/publisher-identity.ts'
import { ByteReader } from '../bytes/byte-reader.ts'
import type { ByteWriter } from '../bytes/byte-writer.ts'
import { wireLimits } from '../limits.ts'

const idBytes = 16

/** Names behind the incarnation: node, process, instance, each UTF-8 behind a length of one byte. */
export function writeNames(out: ByteWriter, publisher: PublisherIdentity): void {
  if (publisher !== lastWritten) {
    lastNames = encodeNames(publisher)
    lastWritten = publisher
  }
  out.bytes(lastNames)
}

/** A process hardly ever writes other names than those of its own publisher. */
let lastWritten: PublisherIdentity | null = null
let lastNames: Buffer = Buffer.alloc(0)

function encodeNames(publisher: PublisherIdentity): Buffer {
  const names = [publisher.node, publisher.process, publisher.instance]
  return Buffer.concat(
    names.flatMap((name) => {
      const bytes = Buffer.from(name, 'utf8')
      if (bytes.length > wireLimits.maxNameBytes) {
        throw new TidingsError(
          'LIMIT_EXCEEDED',
          `the name '${name}' has ${bytes.length} bytes, at most ${wireLimits.maxNameBytes} are possible`,
        )
      }
      return [Buffer.of(bytes.length), bytes]
    }),
  )
}

/**
 * Decodes who published a message. Equal bytes give the very same object, so that the updates of a
 * publisher share one and comparing two publishers is comparing two references.
 */
export class IdentityCache {
  private readonly identities = new Map<string, PublisherIdentity>()

  /** Reads the names at `reader`; the incarnation stands in the 16 bytes before them. */
  read(reader: ByteReader): PublisherIdentity {
    const from = reader.at - idBytes
    for (let n = 0; n < 3; n++) {
      const bytes = reader.u8()
      if (bytes > reader.end - reader.at) reader.refuse('bad-length')
      else reader.at += bytes
    }
    if (reader.problem !== null) return nobody
    const key = reader.buffer.latin1Slice(from, reader.at)
    const known = this.identities.get(key)
    if (known !== undefined) return known
    const identity = this.parse(reader, from)
    if (reader.problem !== null) return nobody
    this.keep(key, identity)
    return identity
  }

  private parse(reader: ByteReader, from: number): PublisherIdentity {
    const again = new ByteReader(reader.buffer, from, reader.at)
    const incarnation = again.id()
    const node = again.utf8(again.u8())
    const process = again.utf8(again.u8())
    const instance = again.utf8(again.u8())
    if (again.problem !== null) reader.refuse(again.problem)
    return Object.freeze({ node, process, instance, incarnation })
  }

  private keep(key: string, identity: PublisherIdentity): void {
    if (this.identities.size >= wireLimits.maxCachedIdentities) {
      const oldest = this.identities.keys().next()
      if (oldest.done !== true) this.identities.delete(oldest.value)
    }
    this.identities.set(key, identity)
  }
}

const nobody: PublisherIdentity = { node: '', process: '', instance: '', incarnation: '' }
