import { expect, it } from 'vitest'
import { EventTally } from './event-tally.ts'

it('counts each registration that was refused, also those that the log leaves out', () => {
  const tally = new EventTally()
  const process = { type: 'process', process: 'LOOP', instance: '', pid: 1, message: '' } as const
  tally.note({ ...process, state: 'refused' })
  tally.note({ ...process, state: 'registered' })
  tally.note({ type: 'left-out', count: 1_000, refused: 600, message: '' })
  expect(tally.refusedRegistrations).toBe(601)
  expect(tally.warnings).toBe(1)
})
