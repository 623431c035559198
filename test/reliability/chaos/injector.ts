import { setTimeout as pause } from 'node:timers/promises'
import { isLinked, isProxy } from '../../harness/definition-file.ts'
import type { Machine } from '../../harness/network.ts'
import { machineTime } from '../journal-line.ts'
import type { Chance } from './chance.ts'
import { connectionsOf } from './connections.ts'
import { cut } from './cut.ts'
import type { FaultKind } from './fault-kind.ts'
import type { Injected } from './injected.ts'
import type { Member } from './member.ts'
import type { Seat, Stage } from './stage.ts'

/** Marks for tests; see docs/TOPOLOGY.md. */
const lowMarks = { TIDINGS_HIGH_WATER_MARK: '10' }

/** How often `flap-hop` cuts, milliseconds. */
const flapEveryMs = 250

/** Bursts under low marks: so many, each of so many commits. */
const bursts = 3
const commitsOfBurst = 3_000

/** Injects faults into a stage, and sees that each is undone. */
export class Injector {
  readonly log: Injected[] = []
  readonly #stage: Stage
  readonly #chance: Chance
  readonly #killed: (journal: string, at: number) => void
  readonly #running = new Set<Promise<void>>()
  /** Machines whose networks something is being done to: nothing else is. */
  readonly #disturbed = new Set<Machine>()
  /** What went wrong while a fault was injected or undone. */
  readonly failures: string[] = []

  constructor(stage: Stage, chance: Chance, killed: (journal: string, at: number) => void) {
    this.#stage = stage
    this.#chance = chance
    this.#killed = killed
  }

  /** Begins a fault, if a target for it is free. */
  inject(kind: FaultKind, signal: AbortSignal): void {
    const [verb = '', victim = ''] = split(kind)
    if (kind === 'kill-script') this.#run(this.#killScript(signal))
    else if (victim === 'machine') this.#run(this.#onNetwork(kind, verb, signal))
    else if (victim === 'cluster' || victim === 'hop') {
      const seat = this.#chance.oneOf(this.#stage.seats.filter(({ isBusy }) => !isBusy))
      if (seat) this.#run(this.#onNode(kind, verb, seat, signal))
    } else {
      const member = this.#chance.oneOf(this.#candidates(victim).filter(({ isBusy }) => !isBusy))
      if (member) this.#run(this.#onMember(kind, verb, member, signal))
    }
  }

  /** Waits until every fault is undone. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #run(fault: Promise<void>): void {
    const running = fault
      .catch((error: unknown) => {
        this.failures.push((error as Error).message)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  #candidates(victim: string): readonly Member[] {
    if (victim === 'publisher') return this.#stage.publishers
    if (victim === 'subscriber') return this.#stage.subscribers
    return this.#stage.members
  }

  #begin(kind: FaultKind, target: string, lives: string[], nodes: string[]): Injected {
    const injected = { kind, target, lives, nodes, from: machineTime(), to: Infinity }
    this.log.push(injected)
    return injected
  }

  async #onMember(kind: FaultKind, verb: string, member: Member, signal: AbortSignal) {
    member.isBusy = true
    const lives = [member.journal]
    const fault = this.#begin(kind, member.journal, lives, [])
    try {
      if (verb === 'stop' || verb === 'freeze') await this.#stop(verb, member.child, signal)
      else if (verb === 'cut') this.#cutMember(member)
      else await this.#killMember(verb, member, lives, signal)
    } finally {
      fault.to = machineTime()
      member.isBusy = false
    }
  }

  async #onNode(kind: FaultKind, verb: string, seat: Seat, signal: AbortSignal) {
    seat.isBusy = true
    const port = this.#somePort()
    const place = verb === 'cut' || verb === 'flap' ? ` ${port.name}` : ''
    const fault = this.#begin(kind, `${seat.node.host}${place}`, [], [seat.node.host])
    try {
      if (verb === 'stop' || verb === 'freeze') await this.#stop(verb, seat.node.child, signal)
      else if (verb === 'cut') cutPort(seat, port.number)
      else if (verb === 'flap') await this.#flap(seat, port.number, signal)
      else await this.#killNode(verb, seat, signal)
    } finally {
      fault.to = machineTime()
      seat.isBusy = false
    }
  }

  async #stop(verb: string, child: Member['child'], signal: AbortSignal): Promise<void> {
    const ms =
      verb === 'freeze' ? this.#chance.between(11_000, 14_000) : this.#chance.between(100, 5_000)
    child.signal('SIGSTOP')
    try {
      await wait(ms, signal)
    } finally {
      child.signal('SIGCONT')
    }
  }

  async #killMember(verb: string, member: Member, lives: string[], signal: AbortSignal) {
    this.#killed(member.journal, machineTime())
    await member.child.end('SIGKILL')
    if (this.#chance.isOneIn(2)) await wait(this.#chance.between(0, 2_000), signal)
    const isLow = verb === 'low-marks'
    member.start(isLow ? lowMarks : {})
    lives.push(member.journal)
    await member.says('open')
    if (isLow) await this.#burst(signal)
  }

  async #killNode(verb: string, { node }: Seat, signal: AbortSignal): Promise<void> {
    const { child } = node
    if (child.hasEnded) this.failures.push(`${child.name} ${child.state}: ${child.log}`)
    await node.end('SIGKILL')
    await wait(this.#chance.between(0, 3_000), signal)
    const isLow = verb === 'low-marks'
    await node.start(isLow ? lowMarks : {})
    if (isLow) await this.#burst(signal)
  }

  async #burst(signal: AbortSignal): Promise<void> {
    for (let left = bursts; left > 0; left--) {
      for (const member of this.#stage.publishers)
        if (!member.child.hasEnded) member.order({ type: 'burst', commits: commitsOfBurst })
      await wait(300, signal)
    }
  }

  async #killScript(signal: AbortSignal): Promise<void> {
    const script = this.#stage.startScript(this.#chance.oneOf([...this.#stage.seats.keys()]) ?? 0)
    script.isBusy = true
    await script.says('open')
    await wait(this.#chance.between(0, 60), signal)
    if (script.child.hasEnded) return
    const fault = this.#begin('kill-script', script.journal, [script.journal], [])
    this.#killed(script.journal, machineTime())
    await script.child.end('SIGKILL')
    fault.to = machineTime()
  }

  /** Processes and GENESIS_CLUSTERs go on; what goes between their machines does not. */
  async #onNetwork(kind: FaultKind, verb: string, signal: AbortSignal): Promise<void> {
    const all = this.#stage.seats.flatMap(({ machine }) => machine ?? [])
    const machine = this.#chance.oneOf(all.filter((each) => !this.#disturbed.has(each)))
    const others = all.filter((each) => each !== machine)
    const other = this.#chance.oneOf(others)
    if (!machine || !other) return
    this.#disturbed.add(machine)
    const text = verb === 'deafen' ? `${other.name} to ${machine.name}` : machine.name
    const fault = this.#begin(kind, text, [], [machine.name, ...others.map(({ name }) => name)])
    const [begin, end] = networkFault(verb, machine, other, others, this.#chance)
    try {
      begin()
      await wait(
        verb === 'lose' ? this.#chance.between(1_000, 6_000) : this.#chance.between(500, 14_000),
        signal,
      )
    } finally {
      end()
      fault.to = machineTime()
      this.#disturbed.delete(machine)
    }
  }

  /** All that it holds: to GENESIS_CLUSTER, and in a mesh to and from all others. */
  #cutMember({ child, place }: Member): void {
    for (const { address, port } of connectionsOf(child.pid, place)) cut(address, port, place)
  }

  async #flap(seat: Seat, port: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + this.#chance.between(1_000, 4_000)
    while (performance.now() < until && !signal.aborted) {
      cutPort(seat, port)
      await wait(flapEveryMs, signal)
    }
  }

  #somePort(): { readonly name: string; readonly number: number } {
    const { ports, shape } = this.#stage.cluster
    const inUse = ['outbound', 'inbound', 'registry'] as const
    const mesh = isProxy(shape) ? [] : (['export'] as const)
    const between = isLinked(shape) ? (['relay', 'cluster', ...mesh] as const) : []
    const name = this.#chance.oneOf([...inUse, ...between]) ?? 'outbound'
    return { name, number: ports[name] }
  }
}

/** How a fault of a network begins and how it ends. */
function networkFault(
  verb: string,
  machine: Machine,
  other: Machine,
  others: readonly Machine[],
  chance: Chance,
): [begin: () => void, end: () => void] {
  if (verb === 'lose') {
    const percent = Math.round(chance.between(5, 50))
    return [() => machine.lose(percent), () => machine.lose(0)]
  }
  if (verb === 'deafen') return [() => machine.deafen(other), () => machine.hear(other)]
  const both = (each: (one: Machine, two: Machine) => void) => () => {
    for (const one of others) {
      each(one, machine)
      each(machine, one)
    }
  }
  return [both((one, two) => one.deafen(two)), both((one, two) => one.hear(two))]
}

function cutPort({ node, machine }: Seat, port: number): void {
  cut(machine?.address ?? node.host, port, node.place)
}

const split = (kind: FaultKind): string[] => {
  const at = kind.lastIndexOf('-')
  return [kind.slice(0, at), kind.slice(at + 1)]
}

/** Ends early, and without an error, when the run does. */
async function wait(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}
