import { registrationOf } from '../../../test/harness/registration.ts'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Registration, RosterChange } from '../../model/roster-entry.ts'
import { RosterView } from '../../registration/roster-view.ts'
import type { Whisper } from '../membership/whisper.ts'
import { PortPool } from '../bus/port-pool.ts'
import { RosterFile } from './roster-file.ts'
import { ClusterRoster } from './cluster-roster.ts'
import { goneKeptMs } from './registry.ts'
import { endedKeptMs, maxEndedEntries } from './roster.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

let directory: string
let now: number
let a: Node
let b: Node

/** A process that is told the roster, or that is away. */
class Listener {
  readonly view = new RosterView()
  readonly told: RosterChange[] = []
  readonly #node: Node
  readonly #registration: Registration
  #id = 0
  isAway = false

  constructor(node: Node, name: string) {
    this.#node = node
    this.#registration = registration(node.name, name)
    node.listeners.set(name, this)
  }

  get forgot(): number {
    return this.told.filter(({ forgot }) => forgot === true).length
  }

  register(): void {
    if (this.isAway) return
    this.#node.plane.register(this.#registration.process, {
      type: 'register',
      id: ++this.#id,
      seen: this.view.seen,
      registration: this.#registration,
      wantsPort: false,
    })
  }
}

/** The roster plane of a node with its file, linked with the other one. */
class Node {
  readonly name: string
  readonly listeners = new Map<string, Listener>()
  readonly #other: () => Node
  plane: ClusterRoster
  /** Nothing passes between the nodes. */
  static areParted = false
  isUp = true
  #inbox: Whisper[] = []

  constructor(name: string, other: () => Node) {
    this.name = name
    this.#other = other
    this.plane = this.#start()
  }

  restart(): void {
    this.plane = this.#start()
    this.isUp = true
    this.plane.nodeBegan(this.#other().name)
    if (this.#other().isUp) this.#other().plane.nodeBegan(this.name)
  }

  get file(): string {
    return new RosterFile(directory, this.name, 6000).path
  }

  /** With the file of then, as out of a backup. */
  restartWith(file: string): void {
    this.isUp = false
    copyFileSync(file, this.file)
    this.restart()
  }

  /** Keeps a copy of the file as it is now; returns its path. */
  backUp(): string {
    copyFileSync(this.file, `${this.file}.backup`)
    return `${this.file}.backup`
  }

  hear(whisper: Whisper): void {
    if (!Node.areParted && this.isUp) this.#inbox.push(whisper)
  }

  take(): void {
    for (const whisper of this.#inbox.splice(0))
      if (this.isUp && (whisper.type === 'seen' || whisper.type === 'roster'))
        this.plane.whispered(this.#other().name, whisper)
  }

  script(count: number): void {
    for (let each = 0; each < count; each += 1) {
      const alive = registration(this.name, 'SCRIPT', ['TRADE'])
      const ended = { state: 'ended', last: [{ table: 'TRADE', last: 1 }] } as const
      for (const said of [alive, { ...alive, ...ended }]) {
        const seen = { history: null, version: 0 }
        const message = { type: 'register', id: 1, seen, wantsPort: false } as const
        this.plane.register('script', { ...message, registration: said })
      }
    }
  }

  #start(): ClusterRoster {
    return new ClusterRoster({
      node: this.name,
      mode: 'mesh',
      ports: new PortPool(ports, []),
      listening: () => new Set(),
      file: new RosterFile(directory, this.name, 6000),
      clock: { now: () => now, wallClock: () => now } as never,
      linkedNodes: [this.name === 'a' ? 'b' : 'a'],
      toProcess: (route, message) => {
        const listener = this.listeners.get(route)
        if (!listener || listener.isAway || message.type !== 'roster') return
        const { change } = listener.view.apply(message)
        if (change !== null) listener.told.push(change)
      },
      // Who is down says nothing: what it knew is in its file or forgotten.
      toNode: (_, whisper) => {
        if (this.isUp) this.#other().hear(whisper)
      },
      on: () => undefined,
    })
  }
}

let incarnations = 0
const registration = (
  node: string,
  process: string,
  publishes: readonly string[] = [],
): Registration =>
  registrationOf(String(++incarnations).padStart(32, '0'), {
    node,
    process,
    publishes,
    subscribes: ['TRADE'],
  })

/** Some heartbeats, in which both nodes ask each other and their processes say what they have seen. */
function pass(seconds = 2): void {
  for (let second = 0; second < seconds; second += 1) {
    now += 1_000
    for (const node of [a, b]) {
      if (!node.isUp) continue
      for (const listener of node.listeners.values()) listener.register()
      node.plane.askNodes()
      node.plane.tick(0)
    }
    for (let round = 0; round < 4; round += 1) {
      for (const node of [a, b]) {
        node.take()
        if (node.isUp) node.plane.flush()
      }
    }
  }
}

const beyond = maxEndedEntries + 100

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'tidings-two-nodes-'))
  now = 0
  Node.areParted = false
  a = new Node('a', () => b)
  b = new Node('b', () => a)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

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
  now += endedKeptMs
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
  Node.areParted = true
  a.script(beyond)
  pass()
  Node.areParted = false
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
  Node.areParted = true
  const ended = { ...ends, state: 'ended', last: [] } as const
  a.plane.register('ends', { ...said, registration: ended, wantsPort: false })
  a.script(beyond)
  pass()
  Node.areParted = false
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
  now += goneKeptMs
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
  now += endedKeptMs
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
  Node.areParted = true
  a.script(1)
  pass()
  a.restartWith(backup)
  pass()
  expect(a.plane.roster.history).not.toBe(history)
  Node.areParted = false
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
    const node = [a, b][round % 2] as Node
    node.isUp = false
    pass()
    node.restart()
    pass(4)
    expect([a, b].map(({ plane }) => plane.roster.history)).toEqual(histories)
  }
  expect(forgot(near, far)).toEqual([0, 0])
})
