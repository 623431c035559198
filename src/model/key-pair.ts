import { decodeZ85, encodeZ85 } from '../base/z85.ts'

/** A key pair of CURVE (RFC 26, https://rfc.zeromq.org/spec/26/), each in Z85: 40 characters. */
export interface KeyPair {
  readonly secret: string
  readonly public: string
}

export const keyBytes = 32

/** Loaded only where there are keys: to load it takes a process longer than all else that it needs of Node. */
const crypto = () => process.getBuiltinModule('node:crypto')

/** What stands before the 32 bytes of a secret of X25519, and before those of a public key (DER, RFC 8410). */
const secretHead = Buffer.from('302e020100300506032b656e04220420', 'hex')
const publicHeadBytes = 12

export function newKeyPair(): KeyPair {
  const { privateKey } = crypto().generateKeyPairSync('x25519')
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const secret = encodeZ85(der.subarray(secretHead.length))
  return { secret, public: publicKeyOf(secret) ?? '' }
}

/** The public key of a secret; null: it is no key. */
export function publicKeyOf(secret: string): string | null {
  const bytes = decodeZ85(secret)
  if (bytes?.length !== keyBytes) return null
  const key = Buffer.concat([secretHead, bytes])
  const { createPrivateKey, createPublicKey } = crypto()
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return encodeZ85(der.subarray(publicHeadBytes))
}
