// Fifty nodes under load, on a simulated clock: who is suspect, when, and who is not.
import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { socketLimits } from '../../sockets/socket-options.ts'
import { memberTickMs, pingIntervalMs } from './membership.ts'
import { Peers, whisperVersion, writeHeaders } from './peers.ts'

const count = 50
const hourMs = 3_600_000

/** What load does, milliseconds: how long an event loop stands still, and a message is under way, at most. */
const longestStallMs = 3_000
const longestDelayMs = 800

/** A connection that is reset is made anew within it. */
const longestReconnectMs = 350

interface Pair {
  /** When pings arrive that nobody has read yet, in order. */
  readonly arrivals: number[]
  /** Until when the connection is being made anew; Infinity: for good. */
  brokenUntil: number
  isOpen: boolean
}

/** One node as the others see it, and its own view of them. */
interface Node {
  readonly name: string
  readonly peers: Peers
  readonly pairs: Pair[]
  /** Its event loop stands still until then. */
  stalledUntil: number
  nextStallAt: number
  lastTick: number
  isDead: boolean
}

type Verdict = {
  readonly at: number
  readonly by: string
  readonly of: string
  readonly state: string
}

class Cluster {
  readonly nodes: Node[]
  readonly verdicts: Verdict[] = []
  readonly #random: () => number
  now = 0
  loads = true

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.nodes = Array.from({ length: count }, (_, index) => this.#node(`n${index}`))
    for (const node of this.nodes)
      for (const [index, other] of this.nodes.entries()) this.#meet(node, other, index)
  }

  run(untilMs: number): void {
    for (; this.now < untilMs; this.now += memberTickMs)
      for (const node of this.nodes) this.#turn(node)
  }

  /** Its process ends, or its machine does: nothing comes of it any more, and its connections fail within a heartbeat's time. */
  kill(node: Node): void {
    node.isDead = true
    const index = this.nodes.indexOf(node)
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = socketLimits
    for (const other of this.nodes) {
      const pair = other.pairs[index] as Pair
      const failsAt = this.now + this.#random() * (heartbeatIntervalMs + heartbeatTimeoutMs)
      pair.arrivals.length = 0
      pair.brokenUntil = -failsAt
    }
  }

  #node(name: string): Node {
    const peers = new Peers(name, `uuid of ${name}`, '', () => null)
    const pairs = Array.from({ length: count }, () => ({
      arrivals: [],
      brokenUntil: 0,
      isOpen: true,
    }))
    return { name, peers, pairs, stalledUntil: 0, nextStallAt: 0, lastTick: 0, isDead: false }
  }

  #meet(node: Node, other: Node, index: number): void {
    if (node === other) return
    const ports = { inbound: 1, outbound: 1, relay: 1 }
    const said = {
      node: other.name,
      wire: whisperVersion,
      mode: 'mesh',
      history: 'h',
      cluster: '',
      link: 'relay',
      ...ports,
    } as const
    node.peers.hello(
      `uuid of ${other.name}`,
      {
        type: 'hello',
        sequence: 1,
        endpoint: `tcp://10.0.0.${index + 1}:6000`,
        groups: [],
        status: 0,
        name: other.name,
        headers: writeHeaders(said),
      },
      null,
    )
    node.peers.connection(other.name, true, 0)
    node.peers.heard(other.name, 0)
  }

  #turn(node: Node): void {
    if (node.isDead) return
    if (this.loads && this.now >= node.nextStallAt) this.#stall(node)
    if (this.now < node.stalledUntil) return
    const elapsed = this.now - node.lastTick
    node.lastTick = this.now
    if (this.now % pingIntervalMs < memberTickMs) this.#ping(node)
    for (const [index, other] of this.nodes.entries())
      if (other !== node) this.#look(node, other, index)
    const late = elapsed > 2 * memberTickMs ? elapsed - memberTickMs : 0
    for (const of of node.peers.tick(this.now, late)) this.#note(node, of)
  }

  #stall(node: Node): void {
    node.stalledUntil = this.now + 200 + this.#random() * (longestStallMs - 200)
    node.nextStallAt = node.stalledUntil + 5_000 + this.#random() * 55_000
  }

  #ping(node: Node): void {
    const index = this.nodes.indexOf(node)
    for (const other of this.nodes) {
      if (other === node || other.isDead) continue
      const { arrivals } = other.pairs[index] as Pair
      const isSlow = this.loads && this.#random() < 0.02
      const at = this.now + this.#random() * (isSlow ? longestDelayMs : 20)
      arrivals.push(Math.max(at, arrivals.at(-1) ?? 0))
    }
  }

  /** Takes what has come, and what has become of the connection. */
  #look(node: Node, other: Node, index: number): void {
    const pair = node.pairs[index] as Pair
    if (pair.brokenUntil < 0 && this.now >= -pair.brokenUntil) pair.brokenUntil = Infinity
    // Once in ten minutes each is reset.
    if (this.loads && pair.isOpen && this.#random() < memberTickMs / 600_000)
      pair.brokenUntil = this.now + this.#random() * longestReconnectMs
    const isOpen = pair.brokenUntil <= this.now
    if (isOpen !== pair.isOpen) node.peers.connection(other.name, isOpen, this.now)
    pair.isOpen = isOpen
    const { arrivals } = pair
    let read = 0
    while (read < arrivals.length && (arrivals[read] as number) <= this.now) read += 1
    if (read === 0) return
    arrivals.splice(0, read)
    if (node.peers.heard(other.name, this.now)) this.#note(node, other.name)
  }

  #note({ name, peers }: Node, of: string): void {
    this.verdicts.push({ at: this.now, by: name, of, state: peers.state(of) })
  }
}

test.each([1, 2])(
  'Z4: of 50 nodes under load nobody is suspect in an hour, and who dies is suspect within 2 s and gone within 5 s (seed %i)',
  (seed) => {
    const cluster = new Cluster(seed)
    cluster.run(hourMs)
    expect(cluster.verdicts).toEqual([])
    cluster.loads = false
    cluster.run(hourMs + 2 * longestStallMs)
    const diedAt = cluster.now
    const dead = cluster.nodes.slice(0, 5)
    for (const node of dead) cluster.kill(node)
    cluster.run(diedAt + 10_000)
    const names = new Set(dead.map(({ name }) => name))
    expect(cluster.verdicts.filter(({ of }) => !names.has(of))).toEqual([])
    for (const [state, withinMs] of [
      ['suspect', 2_000],
      ['gone', 5_000],
    ] as const) {
      const told = cluster.verdicts.filter((verdict) => verdict.state === state)
      expect(told).toHaveLength(dead.length * (count - dead.length))
      expect(Math.max(...told.map(({ at }) => at - diedAt))).toBeLessThanOrEqual(withinMs)
    }
  },
)
