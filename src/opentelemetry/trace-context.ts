import { context, type Link, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { ownField } from '../base/own-field.ts'
import type { Delivery } from '../model/update.ts'

/** As many as the SDK keeps of a span, unless it is told otherwise. */
const maxLinks = 128

/**
 * The trace context of who calls, as W3C Trace Context writes it (`00-…-…-01`), to be put into a field of a record;
 * undefined: there is no span, or no propagator of W3C is set up. See `TelemetryOptions.contextField`.
 */
export function traceparent(): string | undefined {
  const carrier: { traceparent?: string } = {}
  propagation.inject(context.active(), carrier)
  return carrier.traceparent
}

/** To those whose context stands in this field of the records of a delivery, each once. */
export function linksOf(delivery: Delivery, field: string): Link[] {
  if (delivery.type === 'loss') return []
  const links: Link[] = []
  const seen = new Set<unknown>()
  for (const { record } of delivery.updates) {
    const text = ownField(record, field)
    if (typeof text !== 'string' || seen.has(text)) continue
    seen.add(text)
    const found = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, { traceparent: text }))
    if (found) links.push({ context: found })
    if (links.length === maxLinks) break
  }
  return links
}
