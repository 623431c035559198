import type { IncomingHttpHeaders } from 'node:http'
import { hostNameOf, isThisHostName } from '../base/this-host-name.ts'
import type { BearerTokens } from './bearer-tokens.ts'
import { RefusedRequest } from '../streams/refused-request.ts'

export interface AdmissionOptions {
  /** null: none is asked for. */
  readonly tokens: BearerTokens | null
  /** Names by which clients may call this host, beside addresses and `localhost`; in small letters. */
  readonly names: ReadonlySet<string>
  /** Origins of pages that may read here, such as `https://app.example.org`. */
  readonly origins: ReadonlySet<string>
  readonly isEncrypted: boolean
}

/** Who may ask what: decided before anything of a request is read but its head. */
export class Admission {
  readonly #options: AdmissionOptions

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** @throws RefusedRequest 421, 403 */
  checkCaller(headers: IncomingHttpHeaders): void {
    const { host } = headers
    if (!isThisHostName(host) && !this.#options.names.has(hostNameOf(host ?? '').toLowerCase()))
      throw new RefusedRequest(
        421,
        'Host has to be an address, localhost, or a name that the gateway was started with (--allow-host)',
      )
    if (this.allowedOrigin(headers) !== null || this.#isOwnPage(headers)) return
    throw new RefusedRequest(
      403,
      'pages of this Origin may not ask here: the gateway was not started with it (--allow-origin)',
    )
  }

  /** @throws RefusedRequest 401 */
  checkToken({ authorization }: IncomingHttpHeaders): void {
    if (this.#options.tokens?.admits(authorization) ?? true) return
    throw new RefusedRequest(
      401,
      authorization === undefined
        ? 'a token is asked for: Authorization: Bearer TOKEN'
        : 'this token is not one of the token file',
      {},
      { 'WWW-Authenticate': 'Bearer' },
    )
  }

  /** The origin that may read what is answered, of those that were named; null: it is none of them. */
  allowedOrigin({ origin }: IncomingHttpHeaders): string | null {
    return origin !== undefined && this.#options.origins.has(origin) ? origin : null
  }

  /** No page, or one that this gateway has served itself. What a page of elsewhere loads without asking bears no origin, but says so. */
  #isOwnPage({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
    const site = headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
    const scheme = this.#options.isEncrypted ? 'https' : 'http'
    return origin === undefined || origin === `${scheme}://${host}`
  }
}
