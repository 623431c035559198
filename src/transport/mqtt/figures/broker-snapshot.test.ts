import { expect, it } from 'vitest'
import { newRegistration } from '../../../model/new-registration.ts'
import type { Registration } from '../../../model/roster-entry.ts'
import type { KnownProcess } from '../presence/presence-book.ts'
import { entryOf } from '../presence/presence-record.ts'
import { brokerSnapshot, type ToldFigures } from './broker-snapshot.ts'

const id = (digit: number): string => String(digit).repeat(32)

function known(
  digit: number,
  registration: Partial<Registration> = {},
  presence: Partial<KnownProcess> = {},
): KnownProcess {
  const incarnation = id(digit)
  const name = { node: 'n', process: `P${digit}`, incarnation } as const
  const entry = entryOf(
    newRegistration({ ...name, role: 'process', mode: 'mesh', ...registration }),
  )
  return {
    incarnation,
    entry,
    life: null,
    presence: 'here',
    since: 0,
    isConfirmed: true,
    ...presence,
  }
}

const told = (askedAt: number, toldAt: number, wallClock = 0): ToldFigures => ({
  askedAt,
  toldAt,
  figures: {
    questions: [],
    version: '1.2.3',
    wallClock,
    connectedForMs: 5,
    dropped: 2,
    rate: 7,
    health: null,
    sequences: [{ table: 'T', last: 9 }],
  },
})

const shown = (processes: KnownProcess[], figures: Record<string, ToldFigures> = {}) =>
  brokerSnapshot({
    system: null,
    node: 'own',
    hosts: ['own'],
    broker: { url: 'tcp://b:1', protocol: '5' },
    processes,
    figures: new Map(Object.entries(figures)),
    now: 1_000,
    wallClock: 50_000,
  }).nodes

it('Q4: who does not answer, and whose connection has ended, may live or not', () => {
  const [, node] = shown([
    known(1),
    known(2, {}, { isConfirmed: false }),
    known(3, {}, { presence: 'lost' }),
    known(4, {}, { presence: 'gone' }),
    known(5, { state: 'leaving' }),
    known(6, { state: 'ended', last: [{ table: 'T', last: 3 }] }),
  ])
  expect(node?.processes.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'P1 HEALTHY',
    'P2 ERROR',
    'P3 ERROR',
    'P4 ERROR',
    'P5 WARNING',
    'P6 DOWN',
  ])
  expect(node?.processes[5]?.tables).toEqual([{ table: 'T', sequence: 3 }])
})

it('a node lives while one of its processes does, and was never heard where none is known', () => {
  const states = shown([
    known(1, { node: 'b' }, { presence: 'gone' }),
    known(2, { node: 'a' }),
    known(3, { node: 'a', state: 'ended' }),
  ]).map(({ name, state }) => `${name} ${state}`)
  expect(states).toEqual(['own unreachable', 'a alive', 'b gone'])
})

it('shows what a process has told, and that it has told nothing', () => {
  const [, node] = shown(
    [known(1, { publishes: ['T'], subscribes: '*', place: { clientId: 'c' } }), known(2)],
    { [id(1)]: told(900, 910) },
  )
  const [one, two] = node?.processes ?? []
  expect(one).toMatchObject({ rate: 7, version: '1.2.3', tables: [{ table: 'T', sequence: 9 }] })
  const said = { clientId: 'c', publishes: ['T'], subscribes: '*', connectedForMs: 5, dropped: 2 }
  expect(one?.broker).toEqual(said)
  expect(two).toMatchObject({ rate: 0, version: null, tables: [] })
  expect(two?.broker).toMatchObject({ clientId: null, connectedForMs: null, dropped: null })
})

it('Q4: the clock of a node is that of the answer that took least, give or take half of that time', () => {
  const [own, other] = shown([known(1), known(2)], {
    [id(1)]: told(100, 900, 7),
    [id(2)]: told(880, 920, 70_000),
  })
  expect(own?.clock).toEqual({ wallClock: 50_000, withinMs: 0 })
  expect(other?.clock).toEqual({ wallClock: 70_100, withinMs: 20 })
})
