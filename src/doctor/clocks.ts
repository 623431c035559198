import { hasOthers } from '../definition/settings.ts'
import type { ClusterSnapshot, NodeSnapshot } from '../model/cluster-snapshot.ts'
import { type Examined, examined, type Finding, notExamined, problem } from './finding.ts'
import { type Ground, unasked } from './ground.ts'

/**
 * Wall clocks may differ by so much, milliseconds. Order and loss do not depend on them; `lagSeconds` and
 * `tidings_delivery_delay_seconds` do, which compare the clock of a publisher with that of a subscriber, and are looked
 * at in seconds. Hosts that are kept in time differ by a few milliseconds.
 */
const allowedMs = 500

/** How much the clock of another node is ahead of ours, give or take `withinMs`; milliseconds. */
interface ClockDifference {
  readonly name: string
  readonly aheadMs: number
  readonly withinMs: number
}

/** Whether the wall clocks of the other nodes show what that of this one does. */
export function examineClocks(ground: Ground): Examined {
  const { snapshot, settings } = ground
  if (!hasOthers(settings)) return notExamined('clocks', 'there is no other node')
  if (snapshot === null) return notExamined('clocks', unasked(ground))
  return clocksOf(snapshot)
}

/** The same with what is known. */
export function clocksOf(snapshot: ClusterSnapshot): Examined {
  const own = snapshot.nodes.find(({ name }) => name === snapshot.node)
  const differences = snapshot.nodes.flatMap((node) =>
    node === own ? [] : differenceOf(node, own?.clock ?? null),
  )
  if (differences.length === 0) return notExamined('clocks', 'no other node tells the time')
  const most = Math.max(...differences.map(({ aheadMs, withinMs }) => Math.abs(aheadMs) + withinMs))
  return examined(
    'clocks',
    `the wall clocks of the other nodes differ from that of this one by less than ${Math.ceil(most)} ms`,
    differences.flatMap(findingsOf),
  )
}

function differenceOf(
  { name, clock }: NodeSnapshot,
  own: NodeSnapshot['clock'],
): ClockDifference | [] {
  if (clock === null || own === null) return []
  return { name, aheadMs: clock.wallClock - own.wallClock, withinMs: clock.withinMs }
}

/** Only what is certain is told. */
function findingsOf({ name, aheadMs, withinMs }: ClockDifference): Finding[] {
  if (Math.abs(aheadMs) - withinMs <= allowedMs) return []
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1)
  const where = aheadMs > 0 ? 'ahead of' : 'behind'
  return [
    problem(
      `the wall clock of ${name} is ${seconds} s ${where} that of this node (± ${Math.ceil(withinMs)} ms): lags and delays of updates ` +
        'that go between them are wrong by so much; order and loss do not depend on it',
      'let both hosts keep the same time: run chrony on them, or what the cloud offers',
    ),
  ]
}
