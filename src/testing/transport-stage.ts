import { newRegistration } from '../model/new-registration.ts'
import assert from 'node:assert/strict'
import { pause } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import type { ProcessRole, Registration, RosterChange, RosterEntry } from '../model/roster-entry.ts'
import type { Transport, TransportHandlers } from '../transport/transport.ts'

/** What a transport must do, and how that is seen. */
export type Case = readonly [name: string, check: (stage: Stage) => Promise<void>]

/** What a transport may still have to send when it is closed; a bound, not a pace. */
export const lingerMs = 60_000

export const numbered = (count: number) => Array.from({ length: count }, (_, i) => `number ${i}`)

/** How long a case waits for what must come; a bound, not a pace. */
const withinMs = 60_000
const pollMs = 5

/** A cluster of one node that the transports under test join. */
export interface ConformanceCluster {
  /** True: the updates of processes come without passing GENESIS_CLUSTER. */
  readonly direct: boolean
  readonly mode: Registration['mode']
  readonly node: string
  /** A transport that was not opened yet. */
  transport(role: ProcessRole): Transport
  /**
   * Whoever keeps the roster ends without a word and starts anew, with what it had kept or without. Left out: it
   * cannot be.
   */
  restartRoster?(keepsRoster: boolean): Promise<void>
  close(): Promise<void>
}

/** One process of the cluster and everything that its transport told it. */
class Player {
  readonly transport: Transport
  readonly messages: string[] = []
  readonly requests: string[] = []
  readonly changes: RosterChange[] = []
  readonly registered: Registration[] = []
  registration: Registration
  told = 0
  isInCall = false
  toldInCall = 0

  constructor(transport: Transport, registration: Registration) {
    this.transport = transport
    this.registration = registration
  }

  get incarnation(): string {
    return this.registration.incarnation
  }

  async open(signal: AbortSignal = new AbortController().signal): Promise<this> {
    this.registration = await this.transport.open(this.registration, this.#handlers(), signal)
    return this
  }

  /** Calls the port, and notices what is told from inside that call. */
  call(act: (transport: Transport) => void): void {
    this.isInCall = true
    act(this.transport)
    this.isInCall = false
  }

  send(topic: string, text: string): void {
    this.call((transport) => transport.send(topic, Buffer.from(topic + text)))
  }

  register(fields: Partial<Registration>): void {
    this.registration = { ...this.registration, ...fields }
    this.call((transport) => transport.register(this.registration))
  }

  texts(topic: string): string[] {
    const messages = this.messages.filter((message) => message.startsWith(topic))
    return messages.map((message) => message.slice(topic.length))
  }

  /** The life of its node's roster, as it was told last. */
  get history(): string | undefined {
    const told = this.changes.flatMap(({ histories }) => histories)
    return told.findLast(({ node }) => node === this.registration.node)?.history
  }

  /** What was told of a process last. */
  latest(incarnation: string): RosterEntry | undefined {
    return this.entries(incarnation).at(-1)
  }

  entries(incarnation: string): RosterEntry[] {
    const all = this.changes.flatMap(({ entries }) => entries)
    return all.filter((entry) => entry.incarnation === incarnation)
  }

  #handlers(): TransportHandlers {
    const heard = () => {
      this.told += 1
      if (this.isInCall) this.toldInCall += 1
    }
    return {
      message: (message) => {
        heard()
        this.messages.push(Buffer.from(message).toString())
      },
      request: (frame) => {
        heard()
        this.requests.push(Buffer.from(frame).toString())
      },
      roster: (change) => {
        heard()
        this.changes.push(change)
      },
      registered: (registration) => {
        heard()
        this.registered.push(registration)
      },
      reconnected: heard,
      sharedHop: heard,
      event: heard,
      failed: heard,
    }
  }
}

export class Stage {
  readonly cluster: ConformanceCluster
  readonly #players: Player[] = []

  constructor(cluster: ConformanceCluster) {
    this.cluster = cluster
  }

  player(name: string, role: ProcessRole = 'process', instance = ''): Player {
    const { mode, node } = this.cluster
    const registration = newRegistration({
      node,
      process: name,
      instance,
      incarnation: randomId(),
      role,
      mode,
    })
    const player = new Player(this.cluster.transport(role), registration)
    this.#players.push(player)
    return player
  }

  open(name: string, role?: ProcessRole, instance?: string): Promise<Player> {
    return this.player(name, role, instance).open()
  }

  /** Resolves when what `from` sends to the topic reaches `to`. Sends a beacon until then. */
  async path(from: Player, to: Player, topic: string): Promise<void> {
    const beacon = `beacon ${randomId()}`
    await eventually(`${topic} of ${from.registration.process}`, () => {
      from.send(topic, beacon)
      return to.texts(topic).includes(beacon)
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#players.map(({ transport }) => transport.close(0)))
    await this.cluster.close()
  }
}

export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`)
    await pause(pollMs)
  }
}
