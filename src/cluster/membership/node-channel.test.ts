import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { RosterEntry } from '../../model/roster-entry.ts'
import type { Whisper } from './whisper.ts'
import { NodeChannel } from './node-channel.ts'
import { Roster } from '../roster/roster.ts'

const entry = (node: string, n: number, state: 'alive' | 'ended'): RosterEntry => ({
  node,
  process: `P${n}`,
  instance: '',
  incarnation: `${node}${n}`,
  role: 'process',
  pid: n,
  startedAt: 0,
  mode: 'mesh',
  place: null,
  publishes: [],
  subscribes: [],
  state,
  last: null,
})

interface Side {
  readonly roster: Roster
  readonly channel: NodeChannel
  readonly inbox: Whisper[]
}

function side(node: string, other: string, outbox: Whisper[], inbox: Whisper[]): Side {
  const roster = new Roster(node, `history of ${node}`, 0)
  return { roster, inbox, channel: new NodeChannel(other, roster, (w) => outbox.push(w)) }
}

function deliver({ roster, channel, inbox }: Side, lose: () => boolean): void {
  for (const whisper of inbox.splice(0)) {
    if (lose()) continue
    if (whisper.type === 'seen') channel.answer(whisper.seen, 0)
    if (whisper.type === 'roster')
      for (const e of channel.take(whisper, 0).entries) roster.put(e, 0)
  }
}

const known = (roster: Roster) =>
  roster
    .entries()
    .map((e) => `${e.incarnation} ${e.state}`)
    .sort()

test.each(Array.from({ length: 50 }, (_, seed) => seed))(
  'two rosters agree in the end though half of all whispers are lost (seed %i)',
  (seed) => {
    const random = seededRandom(seed)
    const [toA, toB]: [Whisper[], Whisper[]] = [[], []]
    const a = side('a', 'b', toB, toA)
    const b = side('b', 'a', toA, toB)
    for (let n = 0; n < 200; n += 1) {
      const [{ roster, channel }, node] = random() < 0.5 ? [a, 'a'] : [b, 'b']
      const state = random() < 0.3 ? 'ended' : 'alive'
      roster.put(entry(node, Math.floor(random() * 20), state), 0)
      if (random() < 0.5) channel.tell(0)
      if (random() < 0.3) channel.ask()
      if (random() < 0.02) channel.begin()
      for (const each of [a, b]) deliver(each, () => random() < 0.5)
    }
    // From here on nothing is lost: one question and its answer must be enough.
    for (const { channel } of [a, b]) channel.ask()
    for (let round = 0; round < 3; round += 1) for (const each of [a, b]) deliver(each, () => false)
    expect(known(a.roster)).toEqual(known(b.roster))
    expect(known(a.roster).length).toBeGreaterThan(20)
  },
)

test('two rosters that agree have nothing to say but the question', () => {
  const [toA, toB]: [Whisper[], Whisper[]] = [[], []]
  const a = side('a', 'b', toB, toA)
  const b = side('b', 'a', toA, toB)
  a.roster.put(entry('a', 1, 'alive'), 0)
  b.roster.put(entry('b', 1, 'alive'), 0)
  const exchange = () => {
    for (const { channel } of [a, b]) channel.ask()
    for (let round = 0; round < 3; round += 1) for (const each of [a, b]) deliver(each, () => false)
  }
  exchange()
  for (const { channel } of [a, b]) channel.tell(0)
  expect([...toA, ...toB]).toEqual([])
  for (const { channel } of [a, b]) channel.ask()
  deliver(a, () => false)
  deliver(b, () => false)
  expect([...toA, ...toB]).toEqual([])
})
