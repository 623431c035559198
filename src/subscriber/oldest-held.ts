import type { Source } from './source.ts'

/** When the oldest batch was published that is held and not delivered, milliseconds since the epoch; Infinity: none is. */
export function oldestHeldAt(sources: Iterable<Pick<Source, 'pending'>>): number {
  let oldest = Infinity
  for (const { pending } of sources) {
    const held = pending.first?.held.at(0)
    if (held) oldest = Math.min(oldest, held.publishedAt)
  }
  return oldest
}
