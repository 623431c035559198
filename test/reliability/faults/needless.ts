import type { RecordedLoss } from './recorder.ts'

/** Who is silent for so long is given up, though it lives. */
const goneMs = 10_000

/** Behind the first gap of a publisher that was given up come others, and what was held behind them. */
const sameEndingMs = 1_000

/**
 * Updates told lost, with an end, of publishers that live and retain them. What is given up with a publisher of which
 * nothing has come for ten seconds is no such loss.
 */
export function needlesslyLost(losses: readonly RecordedLoss[]): number {
  let givenUpAt = -Infinity
  let updates = 0
  for (const { at, from, to, reason, silentMs } of losses) {
    const isSilence = silentMs >= goneMs || at - givenUpAt < sameEndingMs
    if (reason === 'gone' && isSilence) givenUpAt = at
    else if (to !== null) updates += Math.max(0, to - (from ?? 1) + 1)
  }
  return updates
}
