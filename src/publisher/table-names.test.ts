import { expect, it } from 'vitest'
import type { Registration } from '../model/roster-entry.ts'
import { encodeProcessMessage } from '../registration/registration-message.ts'
import { maxTableNamesBytes, TableNames } from './table-names.ts'

it('W1: the names of all tables fit a registration, also of one that has ended, and no more are taken', () => {
  for (const name of ['T', 'TABLE_OF_A_USUAL_NAME_', 'ü'.repeat(20), '\u0001'.repeat(60)]) {
    const names = new TableNames()
    const taken: string[] = []
    const fill = () => {
      for (;;) {
        names.add(`${name}${taken.length}`)
        taken.push(`${name}${taken.length}`)
      }
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
    const last = taken.map((table) => ({ table, last: Number.MAX_SAFE_INTEGER }))
    const registration = { publishes: taken, last, sequences: [] } as unknown as Registration
    const bytes = encodeProcessMessage({
      type: 'register',
      id: 1,
      seen: { history: null, version: 0 },
      registration,
      wantsPort: false,
    })
    expect(bytes.length).toBeGreaterThan(maxTableNamesBytes * 0.9)
    // What it knows already goes on, and what is taken back makes room.
    names.add(taken[0])
    names.remove(taken[0] as string)
    names.add(taken[0])
    expect(names.has(taken[0] as string)).toBe(true)
  }
})
