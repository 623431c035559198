import type { Work } from './assignment.ts'
import { libzmqBatched, libzmqSingle } from './libzmq.ts'
import type { Requirement, Shape } from './peers/peer.ts'
import { peerNamed, peerNames } from './peers/peers.ts'
import type { Outcome } from './run.ts'
import { run } from './run.ts'
import type { RowSet } from './workload.ts'

/** What the command line can ask for: something that is run and measured. */
export interface Contender {
  readonly name: string
  readonly title: string
  /** About how many updates a second it carries 1 to 1. */
  readonly rate: number
  /** It moves bytes alone, whatever the rows: run once for a shape, without latency. */
  readonly isBytesOnly: boolean
  /** It takes part only where one field is read. */
  readonly readsOneField: boolean
  requirement(): Requirement
  run(shape: Shape, rows: RowSet, work: Work): Promise<Outcome>
}

const bytesOnly: Readonly<Record<string, Contender>> = {
  [libzmqSingle.name]: libzmqSingle,
  [libzmqBatched.name]: libzmqBatched,
}

export const contenderNames: readonly string[] = [...peerNames, ...Object.keys(bytesOnly)]

/** Those that take part where none is named: what keys cost is measured where somebody asks. */
export const usualNames: readonly string[] = contenderNames.filter(
  (name) => !name.endsWith('-keys'),
)

export async function contenderNamed(name: string): Promise<Contender> {
  const bytes = bytesOnly[name]
  if (bytes) return bytes
  const peer = await peerNamed(name)
  return {
    name,
    title: peer.title,
    rate: peer.rate,
    isBytesOnly: false,
    readsOneField: peer.readsOneField ?? false,
    requirement: () => peer.requirement(),
    run: (shape, rows, work) => run(peer, shape, rows, work),
  }
}
