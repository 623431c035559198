import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { Network } from '../../harness/network.ts'
import type { Machine } from '../../harness/network.ts'
import { here } from '../../harness/place.ts'
import type { Heard, Span } from './hearing.ts'
import type { Asked, Part, Told } from './pause-message.ts'
import type { PausePeer } from './pause-peer.ts'

/** Cut: the machine of the subscriber loses its connections and gets none. Stop: SIGSTOP, then SIGCONT. */
export const faults = ['cut', 'stop'] as const
export type Fault = (typeof faults)[number]

/** Published before the fault, so that everything flows. */
const beforeMs = 1000
/** Nothing new of what is owed has come for so long after updates came again: it will not come. */
const settledMs = 5000

/** What came of one fault at the subscriber of one peer. */
export interface PauseOutcome extends Omit<Heard, 'last'> {
  /** Published while the fault was there. */
  readonly published: number
}

class Process {
  readonly child: Child

  constructor(part: Part, machine: Machine | undefined) {
    this.child = new Child({
      name: `${part.peer} ${part.role}`,
      arguments: [join(import.meta.dirname, 'pause-process.ts'), JSON.stringify(part)],
      place: machine?.place ?? here,
      ipc: true,
    })
  }

  /** What it says next. */
  async told<Type extends Told['type']>(type: Type): Promise<Extract<Told, { type: Type }>> {
    const ended = this.child.ended.then(() => {
      throw new Error(`${this.child.name} ${this.child.state}:\n${this.child.log}`)
    })
    const [told] = (await Promise.race([once(this.child.process, 'message'), ended])) as [Told]
    if (told.type !== type) throw new Error(`${this.child.name} says ${told.type}, not ${type}`)
    return told as Extract<Told, { type: Type }>
  }

  ask(asked: Asked): void {
    this.child.process.send(asked)
  }
}

async function published(publisher: Process): Promise<number> {
  publisher.ask({ type: 'count' })
  return (await publisher.told('count')).published
}

async function heard(subscriber: Process, span: Span): Promise<Heard> {
  subscriber.ask({ type: 'heard', span })
  return (await subscriber.told('heard')).heard
}

/** Both ends of every connection between the two see it end, and nothing goes between them. */
function cut(network: Network): void {
  const [one, other] = [network.machine(0), network.machine(1)]
  network.cut(one, other)
  for (const [machine, far] of [
    [one, other],
    [other, one],
  ] as const)
    machine.run('ss', '-K', '-t', 'state', 'established', 'dst', far.address)
}

/** Waits until updates come again that were published after the fault, and then what is owed or no more. */
async function settled(subscriber: Process, span: Span): Promise<Heard> {
  await eventually(
    'updates come again',
    async () => (await heard(subscriber, span)).last >= span.to,
  )
  const known = ({ delivered, told }: Heard): number => delivered + told
  for (let before = await heard(subscriber, span); ;) {
    if (known(before) === span.to - span.from) return before
    await sleep(settledMs)
    const now = await heard(subscriber, span)
    if (known(now) === known(before)) return now
    before = now
  }
}

/** Runs a peer with one subscriber, which the fault hits for so long. */
export async function runPause(
  peer: PausePeer,
  fault: Fault,
  { seconds, perSecond }: { readonly seconds: number; readonly perSecond: number },
): Promise<PauseOutcome> {
  const network = fault === 'cut' ? new Network(2) : null
  const machines = network?.machines ?? null
  const way = await peer.start(machines)
  const part = { peer: peer.name, way, perSecond }
  const subscriber = new Process({ ...part, role: 'subscriber' }, machines?.[1])
  await subscriber.told('ready')
  const publisher = new Process({ ...part, role: 'publisher' }, machines?.[0])
  await publisher.told('ready')
  publisher.ask({ type: 'begin' })
  await eventually(
    'updates come',
    async () => (await heard(subscriber, { from: 0, to: 0 })).last > 0,
  )
  await sleep(beforeMs)
  if (network) cut(network)
  else subscriber.child.signal('SIGSTOP')
  const from = await published(publisher)
  await sleep(seconds * 1000)
  const to = await published(publisher)
  for (const machine of machines ?? []) machine.heal()
  subscriber.child.signal('SIGCONT')
  const { delivered, told, words } = await settled(subscriber, { from, to })
  return { published: to - from, delivered, told, words }
}
