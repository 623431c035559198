import { Dealer } from 'zeromq'
import type { NodeMode } from '../../../src/model/roster-entry.ts'
import type { Shape } from '../../harness/definition-file.ts'
import { isProxy } from '../../harness/definition-file.ts'
import { eventually, patienceMs } from '../../harness/eventually.ts'
import type { FaultRow, Measured } from '../../reliability/faults/fault-row.ts'
import { addMeasured, atMost } from '../../reliability/faults/fault-row.ts'
import { Dice } from '../dice.ts'
import { mutateJson } from '../json-mutation.ts'
import { clusterMessage, processMessage, whisper } from '../rosters.ts'
import { zreTarget } from '../targets/zre-target.ts'
import { LoadedCluster } from './loaded-cluster.ts'
import type { Port } from './strangers.ts'
import { IdleConnections, putOut, strangers } from './strangers.ts'

/** Asked: put out, and everything back, within 2 s; asserted at five times. */
const withinMs = 2_000
const times = 5
/** Asked with idle connections: a newcomer's subscription is ready within 1 s. */
const readyMs = 1_000
/** Connections that say nothing, at each port. */
const idleAtScale1 = 1_000
/** Bad frames at each port that takes frames of JSON and ZRE, behind a right handshake. */
const badFramesAtScale1 = 20_000
const seed = 20_260_701

/** Strangers that say each of it, all at once at every port. */
async function refuse(stage: LoadedCluster) {
  const asked = stage.ports().flatMap((port) =>
    Object.entries(strangers).map(async ([kind, said]) => {
      const ms = await putOut(port, said(port), patienceMs)
      return { what: `${kind} at ${port.name}`, ms }
    }),
  )
  return Promise.all(asked)
}

function badFrame(dice: Dice, port: Port, mode: NodeMode): Buffer[] {
  if (port.name === 'registry') {
    // Of this node and its mode: others are sent away before anything of it is looked at.
    const process = (dice: Dice) => processMessage(dice, { node: port.host, mode })
    const message = dice.pick([process, clusterMessage, whisper])(dice)
    return [mutateJson(dice, message, process(dice))]
  }
  const [frame = Buffer.alloc(0)] = zreTarget.mutate(
    dice,
    zreTarget.valid(dice),
    zreTarget.valid(dice),
  )
  return dice.chance(0.5) ? [frame] : [frame, mutateJson(dice, whisper(dice), whisper(dice))]
}

/** Bad frames at the two ports where JavaScript reads what nodes and processes say. */
async function flood(stage: LoadedCluster, count: number): Promise<void> {
  const dice = new Dice(seed)
  const mode = isProxy(stage.cluster.shape) ? 'proxy' : 'mesh'
  for (const port of stage.ports().filter(({ peer }) => peer === 'DEALER')) {
    const routingId = port.name === 'registry' ? 'stranger' : `\x01${'s'.repeat(16)}`
    const socket = new Dealer({ linger: 0, routingId, sendHighWaterMark: 0 })
    socket.connect(`tcp://${port.host}:${port.port}`)
    for (let sent = 0; sent < count; sent++) await socket.send(badFrame(dice, port, mode))
    if (port.name === 'registry') {
      // Answered behind all of them: they have been read.
      await socket.send(JSON.stringify({ type: 'snapshot' }))
      await eventually('the registry answers', async () => {
        const [frame] = await socket.receive()
        return JSON.parse(String(frame)).type === 'snapshot'
      })
    }
    socket.close()
  }
}

async function idle(stage: LoadedCluster, count: number): Promise<number[]> {
  const ready: number[] = []
  for (const port of stage.ports()) {
    const connections = new IdleConnections()
    await connections.open(port, count)
    ready.push(await stage.newcomerReady(`NEWCOMER_${ready.length}`))
    connections.close()
  }
  return ready
}

async function measure(shape: Shape, scale: number): Promise<Measured> {
  const stage = await LoadedCluster.start(shape)
  const healMs: number[] = []
  const refused = await refuse(stage)
  healMs.push(await stage.flows())
  const uncounted = await stage.uncounted()
  const frames = Math.max(1_000, Math.round(badFramesAtScale1 * scale))
  await flood(stage, frames)
  healMs.push(await stage.flows())
  const count = Math.max(100, Math.round(idleAtScale1 * scale))
  const ready = await idle(stage, count)
  healMs.push(await stage.flows())
  const crashes = stage.crashes()
  const verdict = await stage.judge()
  await stage.end()
  const stayed = refused.filter(({ ms }) => ms === null).map(({ what }) => what)
  const slowest = Math.max(...refused.map(({ ms }) => ms ?? 0))
  return {
    injected: refused.length + 2 * frames + ready.length * count,
    verdict,
    healMs,
    demands: [
      atMost(`${shape}: processes that ended`, 'processes', crashes, 0),
      atMost(`${shape}: strangers that were not put out`, 'connections', stayed.length, 0),
      atMost(`${shape}: ports that counted none of them`, 'ports', uncounted.length, 0),
      atMost(`${shape}: the slowest was put out after`, 'ms', slowest, withinMs, times),
      atMost(`${shape}: flow afterwards`, 'ms', Math.max(...healMs), withinMs, times),
      atMost(
        `${shape}: ready with ${count} idle connections`,
        'ms',
        Math.max(...ready),
        readyMs,
        times,
      ),
    ],
    notes: [...stayed, ...uncounted],
  }
}

export const strangersAtPorts: FaultRow = {
  id: 'F17',
  fault:
    'oversize, malformed, HTTP, ZMTP 1.0, half handshakes, 1,000 idle connections, on every port',
  how: `${Object.keys(strangers).length} kinds of strangers at every port of a node and of a process under load; bad frames at registry and membership; idle connections at each port`,
  async run({ scale }) {
    const parts: Measured[] = []
    for (const shape of ['mesh+relay', 'proxy+relay'] as const)
      parts.push(await measure(shape, scale))
    return addMeasured(...parts)
  },
}
