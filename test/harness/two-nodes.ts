import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PortPool } from '../../src/cluster/bus/port-pool.ts'
import type { Whisper } from '../../src/cluster/membership/whisper.ts'
import { ClusterRoster } from '../../src/cluster/roster/cluster-roster.ts'
import { RosterFile } from '../../src/cluster/roster/roster-file.ts'
import type { Registration, RosterChange } from '../../src/model/roster-entry.ts'
import { RosterView } from '../../src/registration/roster-view.ts'
import { registrationOf } from './registration.ts'

const ports = { inbound: 1, outbound: 2, cluster: 3, registry: 4, relay: 5, export: 6 }

/** A process that is told the roster, or that is away. */
export class Listener {
  readonly view = new RosterView()
  readonly told: RosterChange[] = []
  readonly #node: RosterNode
  readonly #registration: Registration
  #id = 0
  isAway = false

  constructor(node: RosterNode, name: string) {
    this.#node = node
    this.#registration = registration(node.name, name)
    node.listeners.set(name, this)
  }

  get incarnation(): string {
    return this.#registration.incarnation
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
export class RosterNode {
  readonly name: string
  readonly listeners = new Map<string, Listener>()
  readonly #nodes: TwoNodes
  plane: ClusterRoster
  isUp = true
  #inbox: Whisper[] = []

  constructor(name: string, nodes: TwoNodes) {
    this.name = name
    this.#nodes = nodes
    this.plane = this.#start()
  }

  restart(): void {
    this.plane = this.#start()
    this.isUp = true
    this.plane.nodeBegan(this.#other.name)
    if (this.#other.isUp) this.#other.plane.nodeBegan(this.name)
  }

  /** Without its file, as in a container without a volume; of its processes only those live on. */
  restartWithoutFile(living: readonly Listener[] = []): void {
    this.isUp = false
    for (const [name, listener] of this.listeners)
      if (!living.includes(listener)) this.listeners.delete(name)
    rmSync(this.file, { force: true })
    this.restart()
  }

  get file(): string {
    return new RosterFile(this.#nodes.directory, this.name, 6000).path
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
    if (!this.#nodes.areParted && this.isUp) this.#inbox.push(whisper)
  }

  take(): void {
    for (const whisper of this.#inbox.splice(0))
      if (this.isUp && (whisper.type === 'seen' || whisper.type === 'roster'))
        this.plane.whispered(this.#other.name, whisper)
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

  get #other(): RosterNode {
    return this.name === 'a' ? this.#nodes.b : this.#nodes.a
  }

  #start(): ClusterRoster {
    return new ClusterRoster({
      node: this.name,
      mode: 'mesh',
      ports: new PortPool(ports, [], { first: 11_000, last: 55_535 }),
      listening: () => new Set(),
      file: new RosterFile(this.#nodes.directory, this.name, 6000),
      clock: { now: () => this.#nodes.now, wallClock: () => this.#nodes.now } as never,
      linkedNodes: [this.name === 'a' ? 'b' : 'a'],
      toProcess: (route, message) => {
        const listener = this.listeners.get(route)
        if (!listener || listener.isAway || message.type !== 'roster') return
        const { change } = listener.view.apply(message)
        if (change !== null) listener.told.push(change)
      },
      // Who is down says nothing: what it knew is in its file or forgotten.
      toNode: (_, whisper) => {
        if (this.isUp) this.#other.hear(whisper)
      },
      on: () => undefined,
    })
  }
}

/** Two nodes and a clock of their own; nothing passes between them but in `pass()`. */
export class TwoNodes {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'tidings-two-nodes-'))
  now = 0
  /** Nothing passes between the nodes. */
  areParted = false
  readonly a = new RosterNode('a', this)
  readonly b = new RosterNode('b', this)

  /** Some heartbeats, in which both nodes ask each other and their processes say what they have seen. */
  pass(seconds = 2): void {
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000
      for (const node of [this.a, this.b]) {
        if (!node.isUp) continue
        for (const listener of node.listeners.values()) listener.register()
        node.plane.askNodes()
        node.plane.tick(0)
      }
      for (let round = 0; round < 4; round += 1) {
        for (const node of [this.a, this.b]) {
          node.take()
          if (node.isUp) node.plane.flush()
        }
      }
    }
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

let incarnations = 0

/** A process of that name in a life of its own, which subscribes to TRADE. */
export const registration = (
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
