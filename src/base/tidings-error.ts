import { types } from 'node:util'

/**
 * What the caller can do about an error:
 * `usage`: the call or the definition is wrong, change it;
 * `retryable`: the same call may succeed later;
 * `fatal`: this queue or process cannot go on.
 */
export type ErrorCategory = 'usage' | 'retryable' | 'fatal'

/** Every code this product throws with its category. The set is closed; docs/ERRORS.md lists it. */
export const errorCategories = {
  ABORTED: 'retryable',
  ACCESS_DENIED: 'usage',
  CLOSED: 'usage',
  CLUSTER_UNREACHABLE: 'retryable',
  COMMIT_TOO_LARGE: 'usage',
  DATABASE_FAILED: 'retryable',
  DATABASE_REFUSED: 'usage',
  DATABASE_UNREACHABLE: 'retryable',
  DEFINITION_INVALID: 'usage',
  FILE_LIMIT_TOO_LOW: 'fatal',
  LIBZMQ_TOO_OLD: 'fatal',
  LIMIT_EXCEEDED: 'usage',
  MODE_MISMATCH: 'usage',
  NAME_TAKEN: 'usage',
  NODE_TOO_OLD: 'fatal',
  PACKAGE_MISSING: 'fatal',
  PORT_TAKEN: 'usage',
  SUBSCRIBER_TOO_SLOW: 'retryable',
  THREAD_POOL_TOO_SMALL: 'fatal',
  TRANSPORT_FAILED: 'fatal',
  USAGE: 'usage',
  VALUE_UNSUPPORTED: 'usage',
  WORKER_NOT_HOSTED: 'usage',
  ZEROMQ_UNAVAILABLE: 'fatal',
} as const satisfies Record<string, ErrorCategory>

export type ErrorCode = keyof typeof errorCategories

/** The one error class of this product. The code stands in the message; never match on its text. */
export class TidingsError extends Error {
  override readonly name = 'TidingsError'
  readonly code: ErrorCode
  readonly category: ErrorCategory

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options)
    this.code = code
    this.category = errorCategories[code]
  }

  /** The message without the code. */
  get text(): string {
    return this.message.slice(0, -` [${this.code}]`.length)
  }

  /** The same error with its place before its text. */
  at(place: string): TidingsError {
    const options = this.cause === undefined ? undefined : { cause: this.cause }
    return new TidingsError(this.code, `${place}: ${this.text}`, options)
  }

  /** Whatever was thrown, as a TidingsError; what is not one already becomes TRANSPORT_FAILED. */
  static from(reason: unknown, code: ErrorCode = 'TRANSPORT_FAILED'): TidingsError {
    return (
      asTidingsError(reason) ??
      new TidingsError(code, reason instanceof Error ? reason.message : String(reason), {
        cause: reason,
      })
    )
  }
}

/**
 * An error of this class as it is; one of a second copy of the package, which has another class, as one of this class
 * with the same code, so that no message has a code twice; null: it is neither.
 */
export function asTidingsError(reason: unknown): TidingsError | null {
  if (reason instanceof TidingsError) return reason
  if (!types.isNativeError(reason) || reason.name !== 'TidingsError') return null
  const { code, message } = reason as Error & { readonly code?: unknown }
  if (typeof code !== 'string' || !Object.hasOwn(errorCategories, code)) return null
  const written = ` [${code}]`
  if (!message.endsWith(written)) return null
  const text = message.slice(0, -written.length)
  return new TidingsError(code as ErrorCode, text, { cause: reason })
}
