import { Listener, TwoNodes, registration } from '../../../test/harness/two-nodes.ts'
import type { RosterNode } from '../../../test/harness/two-nodes.ts'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { goneKeptMs } from './registry.ts'
import { endedKeptMs, maxEndedEntries } from './roster.ts'

const beyond = maxEndedEntries + 100

let nodes: TwoNodes
let a: RosterNode
let b: RosterNode
beforeEach(() => {
  nodes = new TwoNodes()
  a = nodes.a
  b = nodes.b
})
afterEach(() => nodes.close())

const pass = (seconds?: number) => nodes.pass(seconds)

/** Of the names: how often each was told that the roster has forgotten what it has not seen. */
const forgot = (...listeners: readonly Listener[]) => listeners.map((each) => each.forgot)

it('D23: ten thousand scripts in a row are no loss to whoever is there', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  for (let batch = 0; batch < 20; batch += 1) {
    a.script(500)
    pass(1)
  }
  expect(a.plane.roster.forgotten.own).toBeGreaterThan(0)
  const late = new Listener(b, 'LATE')
  pass()
  expect(forgot(near, far, late)).toEqual([0, 0, 0])
})

it('D23: whoever was away while more ended than the roster keeps is told so, once', () => {
  const [away, near] = [new Listener(a, 'AWAY'), new Listener(a, 'NEAR')]
  pass()
  away.isAway = true
  a.script(beyond)
  pass()
  away.isAway = false
  const late = new Listener(a, 'LATE')
  pass(4)
  expect(forgot(away, near, late)).toEqual([1, 0, 0])
})

it('D23: and whoever was away while one ended, for longer than the roster keeps it', () => {
  const away = new Listener(a, 'AWAY')
  pass()
  away.isAway = true
  a.script(1)
  pass()
  nodes.now += endedKeptMs
  pass()
  away.isAway = false
  pass(4)
  expect(forgot(away)).toEqual([1])
})

it('D23: who was away no longer than that is told of every end', () => {
  const away = new Listener(a, 'AWAY')
  a.script(beyond)
  pass()
  away.isAway = true
  a.script(maxEndedEntries / 2)
  pass()
  away.isAway = false
  pass()
  expect(forgot(away)).toEqual([0])
})

it('D23: a node that was parted tells its own processes, those too that were away then', () => {
  const [far, away, near] = [new Listener(b, 'FAR'), new Listener(b, 'AWAY'), new Listener(a, 'A')]
  pass()
  away.isAway = true
  nodes.areParted = true
  a.script(beyond)
  pass()
  nodes.areParted = false
  pass()
  const late = new Listener(b, 'LATE')
  away.isAway = false
  pass(4)
  expect(forgot(far, away, near, late)).toEqual([1, 1, 0, 0])
})

it('D23: a process that ended unseen and is forgotten is let go by the other node and its processes', () => {
  const far = new Listener(b, 'FAR')
  const lives = new Listener(a, 'LIVES')
  const ends = registration('a', 'ENDS', ['TRADE'])
  const said = { type: 'register', id: 1, seen: { history: null, version: 0 } } as const
  a.plane.register('ends', { ...said, registration: ends, wantsPort: false })
  pass()
  expect(far.view.get(ends.incarnation)?.state).toBe('alive')
  nodes.areParted = true
  const ended = { ...ends, state: 'ended', last: [] } as const
  a.plane.register('ends', { ...said, registration: ended, wantsPort: false })
  a.script(beyond)
  pass()
  nodes.areParted = false
  pass(4)
  expect(b.plane.roster.get(ends.incarnation)).toBeUndefined()
  expect(far.view.get(ends.incarnation)).toBeUndefined()
  expect(lives.told.at(-1)?.histories).toHaveLength(2)
  expect(b.plane.roster.entries().some(({ process }) => process === 'LIVES')).toBe(true)
})

it('D23: a restart with its file is no loss, on neither node', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  for (let batch = 0; batch < 6; batch += 1) {
    a.script(500)
    pass(1)
  }
  pass(61)
  for (const node of [a, b]) {
    node.isUp = false
    pass()
    node.restart()
    pass(4)
  }
  expect(forgot(near, far)).toEqual([0, 0])
})

it('D23: what another node forgets while ours is down is a loss', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  a.script(10)
  pass()
  b.isUp = false
  a.script(beyond)
  pass()
  b.restart()
  pass(4)
  expect(forgot(near, far)).toEqual([0, 1])
})

it('D23: what was forgotten survives a restart, and so do the endings of another node', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  near.isAway = true
  far.isAway = true
  a.script(beyond)
  pass(61)
  for (const node of [a, b]) {
    node.isUp = false
    pass()
    node.restart()
    pass(4)
  }
  near.isAway = false
  far.isAway = false
  pass(4)
  expect(forgot(near, far)).toEqual([1, 1])
})

it('D23: a process that one node lets go after an hour of silence is let go by all', () => {
  const far = new Listener(b, 'FAR')
  const silent = Array.from({ length: 20 }, (_, place) => registration('a', `SILENT_${place}`))
  for (const each of silent) {
    const seen = { history: null, version: 0 }
    const said = { type: 'register', id: 1, seen, wantsPort: false } as const
    a.plane.register('silent', { ...said, registration: each })
  }
  pass(12)
  expect(far.view.get(silent[0]?.incarnation ?? '')?.state).toBe('gone')
  nodes.now += goneKeptMs
  pass(4)
  const left = silent.filter(
    ({ incarnation }) =>
      a.plane.roster.get(incarnation) ??
      b.plane.roster.get(incarnation) ??
      far.view.get(incarnation),
  )
  expect(left).toEqual([])
  expect(forgot(far)).toEqual([0])
})

it('D23: whom the later lives of a node without its file do not name is let go an hour later by all', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  const all: Listener[] = []
  const states = (listeners: readonly Listener[]) => [
    ...new Set(listeners.map(({ incarnation }) => far.view.get(incarnation)?.state)),
  ]
  for (let life = 0; life < 5; life += 1) {
    const processes = Array.from({ length: 20 }, (_, place) => new Listener(a, `P${place}`))
    all.push(...processes)
    pass()
    expect(states(processes)).toEqual(['alive'])
    a.restartWithoutFile([near])
    pass(12)
    expect(states(processes)).toEqual(['gone'])
    nodes.now += goneKeptMs
    pass()
    expect(states(all)).toEqual([undefined])
  }
  const left = b.plane.roster.entries().map(({ process }) => process)
  expect(left.toSorted()).toEqual(['FAR', 'NEAR'])
  // Each new life was told as what it is, letting go as nothing more.
  expect(forgot(far)).toEqual([5])
})

it('D23: who is named after it was let go so is back, with all that knew it', () => {
  const [near, process, far] = [
    new Listener(a, 'NEAR'),
    new Listener(a, 'P'),
    new Listener(b, 'FAR'),
  ]
  pass()
  process.isAway = true
  a.restartWithoutFile([near, process])
  pass(12)
  nodes.now += goneKeptMs
  pass()
  expect(far.view.get(process.incarnation)).toBeUndefined()
  process.isAway = false
  pass()
  expect(far.view.get(process.incarnation)?.state).toBe('alive')
})

it('D23: an ending of another node that is in our file is told, also where that node has forgotten it', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  const ended = { ...registration('a', 'ENDED', ['TRADE']), state: 'ended', last: [] } as const
  pass()
  far.isAway = true
  const said = { type: 'register', id: 1, seen: { history: null, version: 0 } } as const
  a.plane.register('ended', { ...said, registration: ended, wantsPort: false })
  // For longer than an ending may wait for the file.
  pass(61)
  b.isUp = false
  nodes.now += endedKeptMs
  pass()
  b.restart()
  far.isAway = false
  pass(4)
  expect(far.view.get(ended.incarnation)?.state).toBe('ended')
  expect(forgot(near, far)).toEqual([0, 0])
})

/** By the last that it was told: the life of each node's roster. */
const historyOf = (listener: Listener, node: string) =>
  listener.told.at(-1)?.histories.find((each) => each.node === node)?.history

it('D23: a file older than what a process of its node was told begins a new history, told to all', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  const { history } = a.plane.roster
  const backup = a.backUp()
  nodes.areParted = true
  a.script(1)
  pass()
  a.restartWith(backup)
  pass()
  expect(a.plane.roster.history).not.toBe(history)
  nodes.areParted = false
  pass()
  for (const listener of [near, far]) expect(historyOf(listener, 'a')).toBe(a.plane.roster.history)
})

it('D23: so does one that is older than what another node was told, though that node was restarted', () => {
  for (const restartsToo of [false, true]) {
    const { history } = a.plane.roster
    const far = new Listener(b, `FAR ${restartsToo}`)
    pass()
    const backup = a.backUp()
    a.script(1)
    pass(61)
    if (restartsToo) b.isUp = false
    a.restartWith(backup)
    if (restartsToo) b.restart()
    pass(4)
    expect(a.plane.roster.history).not.toBe(history)
    expect(historyOf(far, 'a')).toBe(a.plane.roster.history)
  }
})

it('D23: and one from before an earlier restart, whatever the versions', () => {
  const near = new Listener(a, 'NEAR')
  pass()
  const { history } = a.plane.roster
  const backup = a.backUp()
  for (let restarts = 0; restarts < 3; restarts += 1) {
    a.isUp = false
    a.restart()
    pass()
    expect(a.plane.roster.history).toBe(history)
  }
  a.restartWith(backup)
  pass()
  expect(historyOf(near, 'a')).not.toBe(history)
})

it('D23: and one after which GENESIS_CLUSTER was restarted before anybody had come back', () => {
  const near = new Listener(a, 'NEAR')
  pass()
  const { history } = a.plane.roster
  const backup = a.backUp()
  a.script(1)
  pass()
  a.restartWith(backup)
  a.script(1)
  a.plane.flush()
  a.isUp = false
  a.restart()
  expect(a.plane.roster.history).toBe(history)
  pass()
  expect(historyOf(near, 'a')).not.toBe(history)
})

it('D23: a restart that lacks nothing that was told of its own node goes on with its history', () => {
  const [near, far] = [new Listener(a, 'NEAR'), new Listener(b, 'FAR')]
  pass()
  for (let round = 0; round < 5; round += 1) {
    const histories = [a, b].map(({ plane }) => plane.roster.history)
    a.script(3)
    b.script(3)
    const node = [a, b][round % 2] as RosterNode
    node.isUp = false
    pass()
    node.restart()
    pass(4)
    expect([a, b].map(({ plane }) => plane.roster.history)).toEqual(histories)
  }
  expect(forgot(near, far)).toEqual([0, 0])
})
