import { join } from 'node:path'
import { Child } from '../test/harness/child.ts'
import type { Assignment, Latency, Said, Told, Work } from './assignment.ts'
import type { Ground, Peer, Shape } from './peers/peer.ts'
import { mostMiB, totalCpuSeconds } from './usage.ts'
import type { RowSet } from './workload.ts'

/** A run that takes longer has stood still. */
const withinMs = 120_000

/** What one run of one peer came to. */
export interface Outcome {
  /** Published by each publisher. */
  readonly updates: number
  /** By all publishers together, a second, until the slowest subscriber has checked the last one. */
  readonly perSecond: number
  readonly cpuSecondsPerMillion: number
  /** The most of any process of a kind, MiB; null: there is none. */
  readonly memory: {
    readonly publisher: number
    readonly subscriber: number
    readonly server: number | null
  }
  readonly lost: number
  /** Of the slowest subscriber. */
  readonly latency: Latency | null
}

type Role = Assignment['role']

/** The processes of one run, and what they say. */
class Company {
  readonly #said = new Map<Child, Said[]>()
  readonly #members: Record<Role, Child[]> = { publisher: [], subscriber: [] }

  start(assignment: Assignment): void {
    const { role, seat } = assignment
    const child = new Child({
      name: `${assignment.peer} ${role} ${seat.index}`,
      arguments: [join(import.meta.dirname, 'process.ts'), JSON.stringify(assignment)],
      ipc: true,
    })
    this.#members[role].push(child)
    this.#said.set(child, [])
    child.process.on('message', (message) => this.#hear(child, seat.index, message as Said))
  }

  get pids(): number[] {
    return this.of('publisher', 'subscriber').map(({ pid }) => pid)
  }

  of(...roles: readonly Role[]): Child[] {
    return roles.flatMap((role) => this.#members[role])
  }

  tell(role: Role, told: Told): void {
    for (const child of this.#members[role]) child.process.send(told)
  }

  async all<Type extends Said['type']>(role: Role, type: Type) {
    return Promise.all(this.#members[role].map((child) => this.#word(child, type)))
  }

  async any<Type extends Said['type']>(role: Role, type: Type) {
    return Promise.race(this.#members[role].map((child) => this.#word(child, type)))
  }

  /** Throws, with what it said, where one has ended although nobody told it to. */
  mustLive(): void {
    for (const child of this.of('publisher', 'subscriber'))
      if (child.hasEnded)
        throw new Error(`${child.name} has ended by itself (${child.state}):\n${child.log}`)
  }

  async end(): Promise<void> {
    for (const role of ['publisher', 'subscriber'] as const) {
      this.tell(role, { type: 'end' })
      await Promise.all(this.#members[role].map(({ ended }) => ended))
    }
  }

  #hear(child: Child, index: number, said: Said): void {
    if (said.type === 'taken') {
      const { publisher, updates } = said
      const told: Told = { type: 'taken', subscriber: index, updates }
      const to = this.#members.publisher[publisher]?.process
      if (to?.connected) to.send(told)
    } else this.#said.get(child)?.push(said)
    child.process.emit('said')
  }

  #word<Type extends Said['type']>(child: Child, type: Type) {
    return new Promise<Extract<Said, { type: Type }>>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${child.name} ${why}:\n${child.log}`))
      const limit = setTimeout(() => fail(`is not ${type} in time`), withinMs)
      const look = (): void => {
        const found = this.#said.get(child)?.find((said) => said.type === type)
        if (!found) return
        clearTimeout(limit)
        resolve(found as Extract<Said, { type: Type }>)
      }
      child.process.on('said', look)
      void child.ended.then(() => {
        clearTimeout(limit)
        fail(`has ended (${child.state}) before it was ${type}`)
      })
      look()
    })
  }
}

/**
 * Starts everything, warms it up, measures from the first publish after that to the last update checked,
 * ends everything. Each process compiles for half a second: of a run of nine on two cores that takes
 * three seconds it would be most, and it is nothing of what a cluster does for days.
 */
export async function run(peer: Peer, shape: Shape, rows: RowSet, work: Work): Promise<Outcome> {
  const ground = await peer.start(shape)
  const company = new Company()
  try {
    for (const role of ['publisher', 'subscriber'] as const) {
      const count = role === 'publisher' ? shape.publishers : shape.subscribers
      for (let index = 0; index < count; index++) {
        const seat = { ...shape, index, rows, place: ground.place }
        company.start({ peer: peer.name, role, seat, work })
      }
      await company.all(role, 'ready')
    }
    company.tell('publisher', { type: 'connect' })
    await company.all('publisher', 'connected')
    company.tell('publisher', { type: 'warm-up' })
    await Promise.race([
      company.all('publisher', 'warm'),
      company.any('subscriber', 'received').then(({ lost }) => {
        throw new Error(`${lost} updates were lost or not yet sent when the warm-up stood still`)
      }),
    ])
    return await measure(company, ground, shape, work)
  } finally {
    for (const child of company.of('publisher', 'subscriber')) child.signal('SIGKILL')
    await ground.stop()
  }
}

async function measure(
  company: Company,
  ground: Ground,
  shape: Shape,
  work: Work,
): Promise<Outcome> {
  const pids = [...company.pids, ...ground.pids]
  const cpuBefore = totalCpuSeconds(pids)
  company.tell('publisher', { type: 'go' })
  const received = await company.all('subscriber', 'received')
  const started = await company.all('publisher', 'started')
  company.mustLive()
  const cpu = totalCpuSeconds(pids) - cpuBefore
  const memory = {
    publisher: mostMiB(company.of('publisher').map(({ pid }) => pid)),
    subscriber: mostMiB(company.of('subscriber').map(({ pid }) => pid)),
    server: ground.pids.length > 0 ? mostMiB(ground.pids) : null,
  }
  const startedAt = started.reduce(
    (first, each) => (each.startedAt < first ? each.startedAt : first),
    started[0]?.startedAt ?? 0n,
  )
  const endedAt = received.reduce((last, each) => (each.endedAt > last ? each.endedAt : last), 0n)
  const all = work.updates * shape.publishers
  const lost = received.reduce((sum, each) => sum + each.lost, 0)
  // Where something was lost its publisher may wait for ever: the caller ends them all.
  if (lost === 0) await company.end()
  return {
    updates: work.updates,
    perSecond: all / (Number(endedAt - startedAt) / 1e9),
    cpuSecondsPerMillion: (cpu / (all * shape.subscribers - lost)) * 1e6,
    memory,
    lost,
    latency: slowest(received.map(({ latency }) => latency)),
  }
}

function slowest(latencies: readonly (Latency | null)[]): Latency | null {
  const known = latencies.filter((latency) => latency !== null)
  return known.sort((a, b) => b.p99 - a.p99)[0] ?? null
}
