// For test files that share a process: who leaves a timer, a TCP socket or a queue open fails by it, and not
// some other file whose time, memory or event loop it goes on to use.
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect } from 'vitest'

/** Kinds of what a file may open; of the runner itself there are others, which come and go. */
const kinds = /^(Timeout|MessagePort|Worker|ProcessWrap|TCP(Server|Socket)Wrap|UDPWrap)$/

/** What is closed may end a little later; so long it is waited for, milliseconds. */
const endsWithinMs = 60_000

/** How many of each kind are open. */
function openNow(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo())
    if (kinds.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

const before = openNow()

const leftOpen = (): [kind: string, count: number][] =>
  [...openNow()]
    .map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)])
    .filter(([, count]) => count > 0)

afterAll(async () => {
  const end = performance.now() + endsWithinMs
  while (leftOpen().length > 0 && performance.now() < end) await pause(10)
  expect(leftOpen(), 'what this file has left open').toEqual([])
})
