import { createHash, timingSafeEqual } from 'node:crypto'
import { readSecretFile } from '../base/secret-file.ts'
import { TidingsError } from '../base/tidings-error.ts'

/** As RFC 6750 writes a token (b68token); shorter ones could be guessed. */
const tokenShape = /^[A-Za-z0-9\-._~+/]{32,}=*$/

const bearer = /^Bearer +(\S+) *$/i

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()

/** The tokens that let a client in. They are compared as digests, so that the time taken says nothing of them. */
export class BearerTokens {
  readonly #digests: readonly Buffer[]

  private constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digestOf)
  }

  /**
   * Of a file that only its owner may read: a token a line; empty lines and those that begin with `#` are passed over.
   * @throws TidingsError USAGE with the place
   */
  static ofFile(path: string): BearerTokens {
    const file = readSecretFile(path)
    if ('why' in file)
      throw new TidingsError('USAGE', `the token file ${path} is not taken: ${file.why}`)
    const tokens: string[] = []
    for (const [index, line] of file.text.split(/\r?\n/).entries()) {
      const token = line.trim()
      if (token === '' || token.startsWith('#')) continue
      if (!tokenShape.test(token))
        throw new TidingsError(
          'USAGE',
          `${path}:${index + 1}: a token must have at least 32 characters of A–Z, a–z, 0–9, -, ., _, ~, + and /: \`openssl rand -base64 32\` makes one`,
        )
      tokens.push(token)
    }
    if (tokens.length === 0)
      throw new TidingsError('USAGE', `the token file ${path} has no token: a line of it is one`)
    return new BearerTokens(tokens)
  }

  /** True for a header `Authorization: Bearer TOKEN` with one of them. */
  admits(authorization: string | undefined): boolean {
    const [, token] = bearer.exec(authorization ?? '') ?? []
    if (token === undefined) return false
    const digest = digestOf(token)
    let isKnown = false
    for (const each of this.#digests) isKnown = timingSafeEqual(each, digest) || isKnown
    return isKnown
  }
}
