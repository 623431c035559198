import { toJson } from '../lines/json-output.ts'
import type { Loss } from '../model/loss.ts'
import type { Delivery, Update } from '../model/update.ts'
import type { StreamEvent } from '../streams/stream-frame.ts'

/** What a delivery is to readers: an event for each commit, loss and reset, in its order. */
export function deliveryEvents(delivery: Delivery): StreamEvent[] {
  if (delivery.type === 'loss') return delivery.losses.map(lossEvent)
  const { incomplete } = delivery
  return commitsOf(delivery.updates).map((updates) => commitEvent(updates, incomplete))
}

const lossEvent = (loss: Loss): StreamEvent => {
  const { reason, ...told } = loss
  return reason === 'reset'
    ? { name: 'reset', data: toJson(told) }
    : { name: 'loss', data: toJson(loss) }
}

/** A delivery has whole commits, one after the other. */
function commitsOf(updates: readonly Update[]): Update[][] {
  const commits: Update[][] = []
  let last: Update | undefined
  for (const update of updates) {
    if (last && isOfOneCommit(last, update)) commits.at(-1)?.push(update)
    else commits.push([update])
    last = update
  }
  return commits
}

const isOfOneCommit = (one: Update, other: Update): boolean =>
  one.commit !== null &&
  one.commit === other.commit &&
  one.publisher?.incarnation === other.publisher?.incarnation

/** What all updates of a commit have in common stands once. */
function commitEvent(updates: readonly Update[], incomplete: true | undefined): StreamEvent {
  const [first] = updates
  const data = toJson({
    publisher: first?.publisher,
    commit: first?.commit,
    publishedAt: new Date(first?.publishedAt ?? 0),
    ...(first?.foreign && { foreign: true }),
    ...(incomplete && { incomplete }),
    updates: updates.map(({ table, kind, record, before, version, sequence }) => ({
      table,
      kind,
      record,
      before,
      version,
      sequence,
    })),
  })
  return { name: 'commit', data }
}
