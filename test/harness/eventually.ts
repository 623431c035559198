import { setTimeout as pause } from 'node:timers/promises'

/** Looked at this often. */
const pollMs = 10

/** How long a condition may take, milliseconds: only what never comes takes so long, on however busy a machine. */
export const patienceMs = 120_000

/**
 * Waits until `look()` gives something, which is neither undefined, null nor false, and resolves with it;
 * throws after `withinMs`, which is a bound and no pace.
 */
export async function eventually<T>(
  what: string | (() => string),
  look: () => T | Promise<T>,
  withinMs = patienceMs,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== null && value !== false) return value
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`)
    await pause(pollMs)
  }
}
