import { expect, it } from 'vitest'
import type { Registration } from '../model/roster-entry.ts'
import { encodeProcessMessage } from '../registration/registration-message.ts'
import { encodeMessage } from '../wire/frames/message-codec.ts'
import { wireLimits } from '../wire/limits.ts'
import { maxTableNamesBytes, TableNames } from './table-names.ts'

/** What goes before the number in the names of tables. */
const beginnings = ['', 'T', 'TABLE_OF_A_USUAL_NAME_', 'ü'.repeat(20), '\u0001'.repeat(60)]

/** As many names as one process may have. */
function allNames(beginning: string): { names: TableNames; taken: string[] } {
  const names = new TableNames()
  const taken: string[] = []
  const fill = () => {
    for (;;) {
      const name = `${beginning}${taken.length.toString(36)}`
      names.add(name)
      taken.push(name)
    }
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }))
  return { names, taken }
}

it('W1: the names of all tables fit a registration, also of one that has ended, and no more are taken', () => {
  for (const beginning of beginnings) {
    const { names, taken } = allNames(beginning)
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

const topic = `reply/${'a'.repeat(32)}/`
const long = 'ü'.repeat(127)
const publisher = { node: long, process: long, instance: long, incarnation: '0'.repeat(32) }

/** The longest state of a stream. */
const stateOf = (table: string) => {
  const last = Number.MAX_SAFE_INTEGER - 1
  return { table, last, first: last, since: last, ageMs: 0.1 }
}

const vectorOf = (tables: readonly string[]) =>
  encodeMessage(topic, {
    kind: 'vector',
    publisher,
    nonce: Number.MAX_SAFE_INTEGER,
    all: true,
    streams: tables.map(stateOf),
  })

it('W4: whatever names all tables of one process fits a frame', () => {
  for (const beginning of beginnings) {
    const streams = allNames(beginning).taken.map(stateOf)
    const sizes = [
      vectorOf(allNames(beginning).taken),
      encodeMessage(topic, { kind: 'heartbeat', publisher, streams, confirm: true }),
      encodeMessage(topic, { kind: 'leaving', publisher, streams }),
    ].map(({ length }) => length)
    expect(Math.max(...sizes)).toBeLessThan(wireLimits.maxFrameBytes / 4)
  }
})

it('W4: what answers for the most tables and the longest names that a request can have fits a frame', () => {
  const { maxRequestBytes, maxRequestTables } = wireLimits
  for (const bytes of [4, 15, 255]) {
    const count = Math.min(maxRequestTables, Math.floor(maxRequestBytes / (1 + bytes)))
    const tables = Array.from({ length: count }, (_, place) =>
      place.toString(36).padStart(bytes, '_'),
    )
    expect(vectorOf(tables).length).toBeLessThan(wireLimits.maxFrameBytes)
  }
})
