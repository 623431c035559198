import { setTimeout as pause } from 'node:timers/promises'

/** Looked at this often. */
const pollMs = 10

/** How long a condition may take, milliseconds: only what never comes takes so long, on however busy a machine. */
export const patienceMs = 120_000

/** Waits until `holds()` is true; throws after `withinMs`, which is a bound and no pace. */
export async function eventually(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  withinMs = patienceMs,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`)
    await pause(pollMs)
  }
}
