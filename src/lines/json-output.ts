import type { Update } from '../model/update.ts'

/** JSON without loss: bigint beyond 2⁵³ as a string, bytes as base64, times as ISO 8601. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replace)
}

/** One update as one line. */
export function updateLine(update: Update): string {
  return toJson({ ...update, publishedAt: new Date(update.publishedAt) })
}

function replace(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  // JSON.stringify calls toJSON before this: look at what stood there.
  const original = (this as Record<string, unknown>)[key]
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64')
  if (original instanceof Date && Number.isNaN(original.getTime())) return null
  return value
}
