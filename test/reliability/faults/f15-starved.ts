import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { CpuLimit } from '../../harness/cpu-limit.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { Machines, progressOf } from './machines.ts'
import { monotonicMs } from './order.ts'

const machines = 3
const updatesPerSecond = 300

/** Of one processor, for all that runs on a machine. */
const share = 0.1

/** So long everything on one machine is starved, seconds of each shape at scale 1; it is another one each time. */
const secondsWanted = 120
const secondsOfOne = 20

/** Of the 200 tenths of a second in that time, on average; with less there is no want. */
const leastHeldUp = 20

/** Who is told gone although it lives, since a time, and nodes that are, or are told suspect. */
async function falseGone(stage: Machines, since: number): Promise<string[]> {
  const told = await Promise.all(
    [...stage.publishers, ...stage.subscribers].map(async ({ participant, key }) => {
      const events = await participant.call('events', { key })
      return events.flatMap(({ at, event }) => {
        if (at < since) return []
        if (event.type === 'publisher-gone') return [`${key}: ${event.publisher.process}`]
        const isOver =
          event.type === 'process' && (event.state === 'gone' || event.state === 'ended')
        return isOver ? [`${key}: ${event.process} ${event.state}`] : []
      })
    }),
  )
  const nodes = stage.cluster.nodes.flatMap(({ host, child }) =>
    child.log
      .split('\n')
      .flatMap((line) => (/node \S+ is (?:gone|suspect)/.test(line) ? [`${host}: ${line}`] : [])),
  )
  return [...told.flat(), ...nodes]
}

async function starve(stage: Machines, node: number) {
  const limit = new CpuLimit(share)
  for (const pid of stage.pids(node)) limit.take(pid)
  await pause(secondsOfOne * 1_000)
  const { heldUp } = limit
  limit.lift()
  const endedAt = monotonicMs()
  await stage.whole()
  return { heldUp, healMs: monotonicMs() - endedAt }
}

async function runShape(shape: Shape, times: number): Promise<Measured> {
  const stage = await Machines.start(shape, machines)
  await stage.fill(updatesPerSecond)
  const began = monotonicMs()
  const each: Awaited<ReturnType<typeof starve>>[] = []
  for (let time = 0; time < times; time += 1) each.push(await starve(stage, time % machines))
  const healMs = each.map((one) => one.healMs)
  const heldUp = each.reduce((sum, one) => sum + one.heldUp, 0)
  const told = await falseGone(stage, began)
  const verdict = await stage.judge()
  const delivered = await Promise.all(stage.subscribers.map(progressOf))
  const nodeMinutes = (machines * (monotonicMs() - began)) / 60_000
  return {
    injected: healMs.length,
    verdict,
    healMs,
    demands: [
      atMost(`${shape}: told suspect, gone or ended though it is not`, 'times', told.length, 0),
      atMost(`${shape}: told lost`, 'updates', verdict.reported, 0),
      atLeast(`${shape}: had to wait for the processor`, 'times', heldUp, leastHeldUp * times),
      atLeast(
        `${shape}: delivered to each subscriber`,
        'updates',
        Math.min(...delivered.map(({ deliveries }) => deliveries)),
        1,
      ),
    ],
    notes: [`${shape}: ${nodeMinutes.toFixed(1)} minutes of a node`, ...told],
  }
}

export const starved: FaultRow = {
  id: 'F15',
  fault: 'a machine starved of processor time',
  how: `cgroup: ${100 * share} % of one processor for GENESIS_CLUSTER and the processes of one of ${machines} machines, for ${secondsOfOne} s, then those of the next one; ${updatesPerSecond} updates/s on each; proxy+relay and mesh+multicast`,
  needs: ['network', 'nft', 'cgroup'],
  async run({ scale }) {
    const times = Math.max(1, Math.round((secondsWanted * scale) / secondsOfOne))
    const parts: Measured[] = []
    for (const shape of ['proxy+relay', 'mesh+multicast'] as const)
      parts.push(await runShape(shape, times))
    return addMeasured(...parts)
  },
}
