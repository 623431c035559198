import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createServer as createEncryptedServer, type ServerOptions as TlsOptions } from 'node:https'
import type { GatewayLimits } from './gateway-limits.ts'

/** PEM texts. With `ca` clients have to show a certificate that one of it has signed. */
export interface TlsFiles {
  readonly cert: Buffer
  readonly key: Buffer
  readonly ca?: Buffer
}

/** How often connections are looked at that take too long, milliseconds. */
const lookEveryMs = 1_000

/** Node's server with the limits of a gateway: who sends slowly, or nothing, is answered 408 and put out. */
export function limitedServer(
  limits: GatewayLimits,
  tls: TlsFiles | null,
  listener: RequestListener,
): Server {
  const options: ServerOptions = {
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: lookEveryMs,
    noDelay: true,
  }
  const server = tls
    ? createEncryptedServer({ ...options, ...tlsOptions(limits, tls) }, listener)
    : createServer(options, listener)
  server.maxConnections = limits.connections
  // Also who sends requests and reads no answers.
  server.timeout = limits.silentMs
  return server
}

const tlsOptions = ({ headMs }: GatewayLimits, { cert, key, ca }: TlsFiles): TlsOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.2',
  handshakeTimeout: headMs,
  ...(ca && { ca, requestCert: true, rejectUnauthorized: true }),
})
