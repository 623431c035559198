import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { Machines, type Way } from './machines.ts'
import { monotonicMs } from './order.ts'

const machines = 4
const updatesPerSecond = 200

/** Rounds of each shape at scale 1, each with both kinds of fault. */
const roundsWanted = 4

/** How often a flapping way is cut in a round, how long it stays so at most, and how long it is whole at most. */
const flaps = 12
const flapMs = 700

/** Between two ways that are clogged, or freed. */
const clogMs = 150

const wholeMs = 10_000

/** Repeats the order of the faults, not their instants. */
const seed = 9

class Flapping {
  readonly #stage: Machines
  readonly #random = seededRandom(seed)
  cuts = 0

  constructor(stage: Machines) {
    this.#stage = stage
  }

  /** Two machines at a time lose each other and find each other again, each pair at its own pace. */
  async flap(): Promise<void> {
    const [one, other, third, fourth] = this.#shuffled(this.#stage.machines)
    if (!one || !other || !third || !fourth) throw new Error('there are no four machines')
    await Promise.all([
      this.#flapWay({ from: one, to: other }),
      this.#flapWay({ from: third, to: fourth }),
    ])
  }

  /** All ways are stopped one by one, and freed in another order (swizzle-clog). */
  async clog(): Promise<void> {
    for (const { from, to } of this.#shuffled(this.#stage.ways)) {
      to.deafen(from)
      this.cuts += 1
      await pause(clogMs)
    }
    for (const { from, to } of this.#shuffled(this.#stage.ways)) {
      to.hear(from)
      await pause(clogMs)
    }
  }

  async #flapWay({ from, to }: Way): Promise<void> {
    for (let flap = 0; flap < flaps; flap += 1) {
      this.#stage.part(from, to)
      this.cuts += 1
      await pause(this.#random() * flapMs)
      from.hear(to)
      to.hear(from)
      await pause(this.#random() * flapMs)
    }
  }

  #shuffled<Item>(items: readonly Item[]): Item[] {
    const keyed = items.map((item) => ({ item, at: this.#random() }))
    return keyed.toSorted((one, other) => one.at - other.at).map(({ item }) => item)
  }
}

async function runShape(shape: Shape, rounds: number): Promise<Measured> {
  const stage = await Machines.start(shape, machines)
  await stage.fill(updatesPerSecond)
  const flapping = new Flapping(stage)
  const healMs: number[] = []
  for (let round = 0; round < rounds; round += 1)
    for (const disturb of [() => flapping.flap(), () => flapping.clog()]) {
      await disturb()
      const endedAt = monotonicMs()
      await stage.whole()
      healMs.push(monotonicMs() - endedAt)
    }
  const verdict = await stage.judge()
  return {
    injected: flapping.cuts,
    verdict,
    healMs,
    demands: [
      atMost(
        `${shape}: all live after the last flap, worst`,
        'ms',
        Math.max(...healMs),
        wholeMs,
        5,
      ),
      await stage.nothingLostInVain(shape),
      atLeast(`${shape}: rounds`, 'rounds', healMs.length, 2 * rounds),
    ],
    notes: [`${shape}: ${healMs.map((ms) => `${Math.round(ms)} ms`).join(', ')}`],
  }
}

export const flappingLinks: FaultRow = {
  id: 'F9',
  fault:
    'links between four machines flap; all of them are clogged one by one and freed in another order',
  how: `two pairs at a time cut ${flaps} times for up to ${flapMs} ms; each of the 12 ways cut ${clogMs} ms after the one before, then freed so; ${updatesPerSecond} updates/s on each machine; proxy+relay and mesh+multicast`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const rounds = Math.max(1, Math.round(roundsWanted * scale))
    const parts: Measured[] = []
    for (const shape of ['proxy+relay', 'mesh+multicast'] as const)
      parts.push(await runShape(shape, rounds))
    return addMeasured(...parts)
  },
}
