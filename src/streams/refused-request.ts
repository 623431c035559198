import type { TidingsError } from '../base/tidings-error.ts'

/** A request that is not served: the answer says why, as RFC 9457 has it. */
export class RefusedRequest extends Error {
  readonly status: number
  /** More fields of the answer, such as the line of the body. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    fields: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
    this.status = status
    this.fields = fields
    this.headers = headers
  }

  /** What is answered where `error` was thrown: why it was is for the log of the server. */
  static from(error: unknown): RefusedRequest {
    if (error instanceof RefusedRequest) return error
    return new RefusedRequest(500, 'the log of the server says why')
  }

  /** For what the queue refuses. */
  static of(error: TidingsError, fields: Readonly<Record<string, unknown>> = {}): RefusedRequest {
    return new RefusedRequest(statusOf(error), error.text, { code: error.code, ...fields })
  }
}

/** What a client says wrong is its own; all else is ours. */
function statusOf({ code, category }: TidingsError): number {
  if (code === 'COMMIT_TOO_LARGE') return 413
  if (code === 'CLOSED') return 503
  return category === 'usage' ? 400 : 500
}

/** The body of an answer that says what went wrong. */
export const problemText = (
  status: number,
  detail: string,
  fields: Readonly<Record<string, unknown>> = {},
): string => `${JSON.stringify({ status, detail, ...fields })}\n`

export const problemType = 'application/problem+json'
