/** CURVE (RFC 26) as zeromq.js takes it: libzmq encrypts the connection and proves both ends. */
import type { Socket } from 'zeromq'
import type { KeyPair } from '../../model/key-pair.ts'

/** Options of a socket that binds: who comes must know this key, and the access list hears theirs. */
export const curveServer = (pair: KeyPair) => ({
  curveServer: true,
  curvePublicKey: pair.public,
  curveSecretKey: pair.secret,
})

/** The sockets of zeromq.js have these, though their common type does not say it. */
interface CurveClient {
  curveServerKey: string | null
  curvePublicKey: string | null
  curveSecretKey: string | null
}

/**
 * From now on this socket connects with the pair; what it has bound or connected stays as it is. One that has bound
 * its port may so connect as well.
 */
export function connectWith(socket: Pick<Socket, 'connect'>, pair: KeyPair): void {
  const client = socket as unknown as CurveClient
  withoutWarnings(() => {
    client.curveServerKey = pair.public
    client.curvePublicKey = pair.public
    client.curveSecretKey = pair.secret
  })
}

/** zeromq.js warns of an option that holds for later connections alone, at once: that is what is meant where this is called. */
export function withoutWarnings(set: () => void): void {
  const warnings: { emitWarning: unknown } = process
  const before = warnings.emitWarning
  warnings.emitWarning = () => undefined
  try {
    set()
  } finally {
    warnings.emitWarning = before
  }
}
