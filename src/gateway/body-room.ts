import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GatewayLimits } from './gateway-limits.ts'
import { RefusedRequest } from '../streams/refused-request.ts'

/** Bounds the bytes of the bodies that are in memory at once. */
export class BodyRoom {
  readonly #limits: GatewayLimits
  #taken = 0

  constructor(limits: GatewayLimits) {
    this.#limits = limits
  }

  /** The body of a request may come; it has its room until the request is answered. @throws RefusedRequest 503 */
  take({ headers }: IncomingMessage, response: ServerResponse): void {
    const { bodyBytes, bodiesBytes } = this.#limits
    // One without a length may become as long as any.
    const bytes = Math.min(Number(headers['content-length'] ?? bodyBytes), bodyBytes)
    if (this.#taken + bytes > bodiesBytes)
      throw new RefusedRequest(
        503,
        `bodies of more than ${bodiesBytes} bytes would come at once (bodiesBytes): try again`,
        {},
        { 'Retry-After': '1' },
      )
    this.#taken += bytes
    response.once('close', () => {
      this.#taken -= bytes
    })
  }
}
