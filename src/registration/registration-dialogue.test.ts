import { beforeEach, describe, expect, it } from 'vitest'
import { registrationOf } from '../../test/harness/registration.ts'
import { noConnections } from '../model/new-registration.ts'
import { wireVersion } from '../model/wire-version.ts'
import { RegistrationDialogue } from './registration-dialogue.ts'
import type { ClusterMessage, ProcessMessage, RegisterMessage } from './registration-message.ts'

const registration = registrationOf('0'.repeat(32))

let dialogue: RegistrationDialogue
let sent: ProcessMessage[]
let told: string[]
beforeEach(() => {
  sent = []
  told = []
  dialogue = new RegistrationDialogue(registration, false, {
    send: (message) => sent.push(message),
    acknowledged: ({ publishes }) => told.push(`acknowledged ${publishes.join()}`),
    answered: () => told.push('answered'),
    refused: ({ code }) => told.push(`refused ${code}`),
    waiting: (why) => told.push(`waiting ${why}`),
    roster: () => told.push('roster'),
    renew: () => told.push('renew'),
    lost: () => told.push('lost'),
    found: () => told.push('found'),
    connections: () => noConnections,
  })
})

/** The registrations that were said since this was last asked. */
const said = () =>
  sent
    .splice(0)
    .filter((message): message is RegisterMessage => message.type === 'register')
    .map(({ id, registration: { publishes } }) => `${id} ${publishes.join()}`)

const answer = (id: number, more: Partial<ClusterMessage> = {}, now = 0) =>
  dialogue.take(
    { type: 'registered', id, processPort: null, linked: false, ...more } as ClusterMessage,
    now,
  )

describe('a registration', () => {
  it('is repeated with every heartbeat, and not behind one that was said a moment ago', () => {
    dialogue.say(0)
    dialogue.set({ ...registration, publishes: ['TRADE'] })
    dialogue.say(700)
    expect(said()).toEqual(['1 ', '2 TRADE'])
    dialogue.beat(1_000)
    expect(said()).toEqual([])
    dialogue.beat(2_000)
    expect(said()).toEqual(['3 TRADE'])
  })

  it('is acknowledged by the answer to it or to a later one, once', () => {
    dialogue.say(0)
    dialogue.set({ ...registration, publishes: ['A'] })
    dialogue.say(1)
    dialogue.set({ ...registration, publishes: ['B'] })
    dialogue.say(2)
    answer(2)
    answer(1)
    answer(3)
    dialogue.beat(1_000)
    answer(4)
    expect(told.filter((each) => each.startsWith('acknowledged'))).toEqual([
      'acknowledged A',
      'acknowledged B',
    ])
  })

  it('is not answered by what was never asked', () => {
    dialogue.say(0)
    answer(0)
    expect(told).toEqual([])
  })

  it('is refused by a GENESIS_CLUSTER of another version of the wire', () => {
    dialogue.say(0)
    answer(1, { wire: wireVersion + 1 })
    expect(told).toEqual(['refused MODE_MISMATCH'])
  })
})

describe('GENESIS_CLUSTER', () => {
  it('is lost after three heartbeats without an answer, and found with the next', () => {
    dialogue.say(0)
    answer(1)
    told = []
    for (const second of [1, 2, 3]) dialogue.beat(second * 1_000)
    expect(told).toEqual([])
    dialogue.beat(4_000)
    dialogue.beat(5_000)
    expect(told).toEqual(['lost'])
    answer(6, {}, 5_500)
    expect(told).toEqual(['lost', 'found', 'answered'])
    expect(dialogue.heardAt).toBe(5_500)
  })

  it('that was never found is not lost', () => {
    dialogue.say(0)
    for (const second of [1, 2, 3, 4, 5]) dialogue.beat(second * 1_000)
    dialogue.lose()
    expect(told).toEqual([])
  })

  it('is answered when it asks whether we are here', () => {
    dialogue.take({ type: 'ask', answer: false }, 0)
    dialogue.take({ type: 'ask', answer: true }, 0)
    expect(sent).toEqual([{ type: 'here', incarnation: registration.incarnation }])
  })

  it('is asked for what is missing of the roster', () => {
    dialogue.say(0)
    sent = []
    const change = { entries: [], histories: [], settled: true, unreachable: [] }
    const part = { since: 5, version: 6, forgottenUpTo: 0, kept: 0, change, more: false }
    dialogue.take({ type: 'roster', history: 'h', ...part }, 10)
    expect(said()).toEqual(['2 '])
  })
})
