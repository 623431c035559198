import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { holdsSoon, lossesOf, Machines } from './machines.ts'
import { monotonicMs } from './order.ts'
import type { RecordedLoss } from './recorder.ts'

/** Longer than the 10 s of silence after which a publisher is given up. */
const partedMs = 12_000

/** Partitions of each shape at scale 1: about 20 s each. */
const roundsWanted = 3
const betweenMs = 2_000

/** Of each of two publishers. Twelve seconds of it are what a publisher retains with ease. */
const updatesPerSecond = 2_500
/** A short run shows what becomes of a loss, not how much goes through. */
const updatesOfShortRun = 500

const deliveriesWanted = 1_000_000

const wholeMs = 5_000

const keyOf = ({ publisher, table }: RecordedLoss): string =>
  `${publisher?.incarnation ?? ''} ${table ?? ''}`

/** Open losses, and those of them whose end was not told. */
function openLosses(losses: readonly RecordedLoss[]): { told: number; endless: number } {
  const open = new Set<string>()
  let told = 0
  for (const loss of losses)
    if (loss.to === null) {
      told += 1
      open.add(keyOf(loss))
    } else if (loss.ends) open.delete(keyOf(loss))
  return { told, endless: open.size }
}

/** Each subscriber gives up who is cut off, however late it comes to that on a busy machine. */
async function giveUp(stage: Machines, since: number): Promise<void> {
  await holdsSoon(async () => {
    const each = await Promise.all(stage.subscribers.map(lossesOf))
    return each.every((losses) => losses.some(({ at, to }) => to === null && at > since))
  })
}

/** Resolves with the time from the heal until all that was published until then is there, or told lost with its end. */
async function partAndHeal(stage: Machines): Promise<number> {
  const [one, other] = [stage.machine(0), stage.machine(1)]
  const began = monotonicMs()
  stage.part(one, other)
  await pause(partedMs)
  await giveUp(stage, began)
  stage.join()
  const healedAt = monotonicMs()
  await stage.whole()
  return monotonicMs() - healedAt
}

async function runShape(shape: Shape, rounds: number, perSecond: number): Promise<Measured> {
  const stage = await Machines.start(shape, 2)
  await stage.fill(perSecond)
  const healMs: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    healMs.push(await partAndHeal(stage))
    await pause(betweenMs)
  }
  const verdict = await stage.judge()
  const each = (await Promise.all(stage.subscribers.map(lossesOf))).map(openLosses)
  const told = each.reduce((sum, one) => sum + one.told, 0)
  const endless = each.reduce((sum, one) => sum + one.endless, 0)
  return {
    injected: rounds,
    verdict,
    healMs,
    demands: [
      atMost(`${shape}: all there after the heal, worst`, 'ms', Math.max(...healMs), wholeMs, 5),
      atLeast(`${shape}: open losses of who was cut off`, 'losses', told, 2 * rounds),
      atMost(`${shape}: of these without an end`, 'losses', endless, 0),
      await stage.nothingLostInVain(shape),
      atMost(`${shape}: delivered twice`, 'updates', verdict.duplicates, 0),
    ],
    notes: [`${shape}: ${told} open losses, ${verdict.reported} updates told lost`],
  }
}

export const partedLongerThanGone: FaultRow = {
  id: 'F8',
  fault: 'two machines parted for longer than it takes to be given up',
  how: `all packets between them dropped for ${partedMs / 1_000} s and until both are given up, again and again, ${updatesPerSecond.toLocaleString('en')} updates/s on each (${updatesOfShortRun} below scale 0.5); proxy+relay and mesh+multicast`,
  needs: ['network', 'nft'],
  async run({ scale }) {
    const rounds = Math.max(1, Math.round(roundsWanted * scale))
    const isShort = scale < 0.5
    const perSecond = isShort ? updatesOfShortRun : updatesPerSecond
    const shapes = ['proxy+relay', 'mesh+multicast'] as const
    const run = (shape: Shape) => runShape(shape, rounds, perSecond)
    // A short run is nearly all waiting; at the full rate each shape needs the machine for itself.
    const parts = isShort
      ? await Promise.all(shapes.map(run))
      : [await run('proxy+relay'), await run('mesh+multicast')]
    const measured = addMeasured(...parts)
    const wanted = isShort ? 0 : deliveriesWanted * Math.min(1, scale)
    const { deliveries } = measured.verdict
    return {
      ...measured,
      demands: [...measured.demands, atLeast('delivered', 'updates', deliveries, wanted)],
    }
  },
}
