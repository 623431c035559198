import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../../harness/eventually.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { lossesOf, Machines, progressOf, type Way } from './machines.ts'
import { monotonicMs } from './order.ts'
import { type Place, receives } from './settled.ts'

/** How long nothing gets through, at scale 1; shorter runs leave out the long ones. */
const holesMs = [1_000, 10_000, 60_000]

const updatesPerSecond = 500

/** Who is silent for so long is gone: then a gap from before is given up, though its publisher lives. */
const goneMs = 10_000

/** After the last update: 3 s of silence, and what is on its way. */
const toldMs = 4_000
const flowMs = 3_000
const waitedMs = 60_000

type Shape = 'proxy+relay' | 'mesh+multicast'

/** What is to be seen of one hole. */
interface Seen {
  /** From the last update to the word that the publisher is stalled; null: it was not silent for so long. */
  readonly toldMs: number | null
  /** From the end of the hole to the first update behind it. */
  readonly flowMs: number
  readonly wholeMs: number
  /** Losses that have an end and need not have been, since nobody was given up. */
  readonly losses: number
}

/** When it was told that the publisher is stalled, behind that time; null: it was not. */
async function stalledAt({ participant, key }: Place, since: number): Promise<number | null> {
  const events = await participant.call('events', { key })
  const told = events.find(({ at, event }) => at > since && event.type === 'publisher-stalled')
  return told?.at ?? null
}

async function hole(stage: Machines, far: Place, { from, to }: Way, ms: number): Promise<Seen> {
  const began = monotonicMs()
  to.deafen(from)
  await pause(ms)
  const { lastAt, deliveries } = await progressOf(far)
  const told = await stalledAt(far, began)
  const lastly = lastAt ?? began
  const silentMs = monotonicMs() - lastly
  to.hear(from)
  const endedAt = monotonicMs()
  await receives(far, deliveries + 1, waitedMs)
  const flow = monotonicMs() - endedAt
  await stage.whole()
  const losses = (await lossesOf(far)).filter(
    ({ at, from, to }) => at > began && (to ?? 0) >= (from ?? 1),
  )
  const isOwed = told !== null || silentMs > toldMs
  return {
    toldMs: isOwed ? Math.max(0, (told ?? Infinity) - lastly) : null,
    flowMs: flow,
    wholeMs: monotonicMs() - endedAt,
    losses: ms < goneMs ? losses.length : 0,
  }
}

async function runShape(shape: Shape, lengths: readonly number[]): Promise<Measured> {
  const stage = await Machines.start(shape, 2)
  await stage.addPublisher('PUBLISHER', 0)
  await stage.addSubscriber('NEAR', 0)
  const far = await stage.addSubscriber('FAR', 1)
  await stage.load(updatesPerSecond)
  const seen: Seen[] = []
  for (const ms of lengths)
    for (const way of stage.ways) {
      const isLive = async () => (await progressOf(far)).deliveries > 0
      await eventually('updates come', isLive)
      seen.push(await hole(stage, far, way, ms))
    }
  const verdict = await stage.judge()
  const worst = (of: (each: Seen) => number | null): number =>
    Math.max(0, ...seen.flatMap((each) => of(each) ?? []))
  return {
    injected: seen.length,
    verdict,
    healMs: seen.map(({ wholeMs }) => wholeMs),
    demands: [
      atMost(
        `${shape}: stalled is told, worst`,
        'ms',
        worst((each) => each.toldMs),
        toldMs,
        5,
      ),
      atMost(
        `${shape}: updates flow after the heal, worst`,
        'ms',
        worst((each) => each.flowMs),
        flowMs,
        5,
      ),
      atMost(
        `${shape}: told lost though nobody was given up`,
        'losses',
        seen.reduce((sum, { losses }) => sum + losses, 0),
        0,
      ),
    ],
    notes: [],
  }
}

export const blackHole: FaultRow = {
  id: 'F7',
  fault: 'a black hole between two machines, on the way there alone and on the way back alone',
  how: `packets of one to the other dropped for 1, 10 and 60 s under ${updatesPerSecond} updates/s; proxy+relay and mesh+multicast`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const most = scale >= 1 ? 60_000 : scale >= 0.2 ? 10_000 : 1_000
    const lengths = holesMs.filter((ms) => ms <= most)
    // Nearly all of it is waiting.
    const shapes = ['proxy+relay', 'mesh+multicast'] as const
    return addMeasured(...(await Promise.all(shapes.map((shape) => runShape(shape, lengths)))))
  },
}
