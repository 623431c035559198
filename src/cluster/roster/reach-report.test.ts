import { expect, it } from 'vitest'
import type { ClusterEvent } from '../cluster-event.ts'
import { ReachReport } from './reach-report.ts'

/** What it tells, as `+` or `-` with names. */
function stage() {
  const told: string[] = []
  const messages: string[] = []
  const report = new ReachReport((event: ClusterEvent) => {
    if (event.type !== 'unreachable' && event.type !== 'reachable') return
    told.push(`${event.type === 'unreachable' ? '-' : '+'}${event.names.join(' ')}`)
    messages.push(event.message)
  })
  return { told, messages, report }
}

it('D23: tells once who cannot be reached, and once who can be after all', () => {
  const { told, report } = stage()
  report.take([])
  report.take(['b', 'c'])
  report.take(['b', 'c'])
  report.take(['c'])
  report.take([])
  report.take([])
  expect(told).toEqual(['-b c', '+b', '+c'])
})

it('D23: tells both where one is lost while another comes back, and again who is lost again', () => {
  const { told, report } = stage()
  report.take(['b'])
  report.take(['c'])
  report.take(['b', 'c'])
  expect(told).toEqual(['-b', '-c', '+b', '-b'])
})

it('says what becomes of subscriptions meanwhile, and what they are owed then', () => {
  const { messages, report } = stage()
  report.take(['b'])
  report.take([])
  expect(messages).toEqual([
    'b cannot be reached: subscriptions are ready without, and are told so',
    'b heard again, or known to have ended: what was missed is delivered or reported lost',
  ])
})
