import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import { signalOther } from '../../harness/child.ts'
import type { Shape } from '../../harness/definition-file.ts'
import type { Machine } from '../../harness/network.ts'
import { Chance } from '../chaos/chance.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { Machines } from './machines.ts'
import { monotonicMs } from './order.ts'
import { collectNow } from './processes/collect-now.ts'
import { type Samples, type Trend, trendOf } from './trend.ts'

const machines = 3
const updatesPerSecond = 200

/** Small, so that it is full long before memory counts: twenty seconds of what is published. */
const retention = { bytes: 1024 * 1024 }

/** Of both shapes together at scale 1. */
const secondsWanted = 600
const leastFaults = 2

const wholeMs = 10_000

/** Of fewer there is no line to speak of. */
const leastSamples = 12

/** Over the run, where it is more than noise. V8 goes on to note things for itself: some 0.1 MiB. */
const growthPercent = 5

/** Loaded into GENESIS_CLUSTER: it has no calls of a test. */
const collector = new URL('processes/collector.ts', import.meta.url).href

const seed = 25
const mebibyte = 1024 * 1024

/** Each ends what it began. */
const faults = {
  /** One machine hears nobody, and nobody hears it. */
  async 'cut off'(stage: Machines, chance: Chance) {
    const cutOff = machineOf(stage, chance)
    for (const other of stage.machines) if (other !== cutOff) stage.part(cutOff, other)
    await pause(chance.between(500, 8_000))
    stage.join()
  },
  /** One way alone. */
  async deaf(stage: Machines, chance: Chance) {
    const way = chance.oneOf(stage.ways)
    way?.to.deafen(way.from)
    await pause(chance.between(500, 8_000))
    stage.join()
  },
  async 'datagrams lost'(stage: Machines, chance: Chance) {
    const machine = machineOf(stage, chance)
    machine.lose(Math.round(chance.between(1, 50)))
    await pause(chance.between(1_000, 5_000))
    machine.lose(0)
  },
  async 'standing still'(stage: Machines, chance: Chance) {
    const pid = chance.oneOf(stage.pids(nodeOf(chance))) ?? 0
    signalOther(pid, 'SIGSTOP')
    await pause(chance.between(100, 4_000))
    signalOther(pid, 'SIGCONT')
  },
  async 'GENESIS_CLUSTER killed'(stage: Machines, chance: Chance) {
    const node = stage.cluster.node(nodeOf(chance))
    await node.end('SIGKILL')
    await pause(chance.between(0, 2_000))
    await node.start(environment)
  },
  async 'GENESIS_CLUSTER ended'(stage: Machines, chance: Chance) {
    const node = stage.cluster.node(nodeOf(chance))
    await node.end('SIGTERM')
    await node.start(environment)
  },
}

const kinds = Object.entries(faults)
const environment = { NODE_OPTIONS: `--import=${collector}` }
const nodeOf = (chance: Chance): number => Math.floor(chance.between(0, machines))

function machineOf(stage: Machines, chance: Chance): Machine {
  return stage.machine(nodeOf(chance))
}

/** What the processes of applications keep, and each GENESIS_CLUSTER since it was started last, when all is quiet. */
class Memory {
  readonly #samples = new Map<string, Samples>()
  readonly #stage: Machines
  readonly #began = monotonicMs()

  constructor(stage: Machines) {
    this.#stage = stage
  }

  async sample(): Promise<void> {
    const at = (monotonicMs() - this.#began) / 1_000
    // What the records of this test keep of their times is no memory of a queue.
    for (const { participant, key } of this.#stage.subscribers)
      await participant.call('takeLatencies', { key })
    for (const { participant, key } of this.#stage.publishers)
      this.#note(`process of ${key}`, at, await participant.call('liveHeap'))
    for (const { host, child } of this.#stage.cluster.nodes) {
      child.process.send(collectNow)
      const [bytes]: unknown[] = await once(child.process, 'message')
      if (typeof bytes !== 'number') throw new Error(`${host} does not tell its memory`)
      this.#note(`GENESIS_CLUSTER of ${host}`, at, bytes)
    }
  }

  get trends(): Trend[] {
    return [...this.#samples].map(([what, samples]) => trendOf(what, samples))
  }

  #note(what: string, at: number, bytes: number): void {
    const found = this.#samples.get(what)
    const samples: Samples = found ?? { unit: 'MiB', isPart: false, times: [], values: [] }
    if (!found) this.#samples.set(what, samples)
    samples.times.push(at)
    samples.values.push(bytes / mebibyte)
  }
}

async function runShape(shape: Shape, seconds: number): Promise<Measured> {
  const stage = await Machines.start(shape, machines, { env: environment, retention })
  await stage.fill(updatesPerSecond)
  const chance = new Chance(seededRandom(seed))
  const memory = new Memory(stage)
  const healMs: number[] = []
  const until = monotonicMs() + seconds * 1_000
  while (monotonicMs() < until || healMs.length < leastFaults) {
    const [, disturb] = chance.oneOf(kinds) ?? []
    await disturb?.(stage, chance)
    const endedAt = monotonicMs()
    await stage.whole()
    healMs.push(monotonicMs() - endedAt)
    await memory.sample()
  }
  const growing = memory.trends.filter(({ grows, samples }) => grows && samples >= leastSamples)
  const growth = Math.max(0, ...growing.map(({ share }) => 100 * share))
  const verdict = await stage.judge()
  return {
    injected: healMs.length,
    verdict,
    healMs,
    demands: [
      atMost(`${shape}: whole after a fault, worst`, 'ms', Math.max(...healMs), wholeMs, 5),
      atMost(`${shape}: memory of a process grew by, worst`, '%', growth, growthPercent, 2),
      await stage.nothingLostInVain(shape),
      atLeast(`${shape}: faults`, 'faults', healMs.length, leastFaults),
    ],
    notes: memory.trends.map(trendText),
  }
}

const trendText = ({ what, samples, mean, perHour, error, quarters }: Trend): string =>
  `${what}: ${mean.toFixed(1)} MiB (by quarters ${quarters.map((each) => each.toFixed(1)).join(', ')}), slope ${perHour.toFixed(1)} ± ${error.toFixed(1)} MiB an hour, ${samples} samples`

export const soakOfFaults: FaultRow = {
  id: 'F25',
  fault: 'everything at random between three machines, for ten minutes',
  how: `drawn from a seed, one behind the other: ${kinds.map(([name]) => name).join(', ')}; ${updatesPerSecond} updates/s on each machine, memory measured after each; proxy+relay and mesh+multicast`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const seconds = (secondsWanted * scale) / 2
    const parts: Measured[] = []
    for (const shape of ['proxy+relay', 'mesh+multicast'] as const)
      parts.push(await runShape(shape, seconds))
    return addMeasured(...parts)
  },
}
