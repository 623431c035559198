import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'
import { asTidingsError } from '../base/tidings-error.ts'

/** Notes in the span what was thrown, where something was, and gives what metrics say of it. */
export function failureOf(call: { readonly error?: unknown }, span: Span): Attributes {
  if (!('error' in call)) return {}
  const { error } = call
  const isError = error instanceof Error
  const attributes = {
    'error.type': asTidingsError(error)?.code ?? (isError ? error.name : '_OTHER'),
  }
  const message = isError ? error.message : String(error)
  span.recordException(isError ? error : message)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  span.setAttributes(attributes)
  return attributes
}
