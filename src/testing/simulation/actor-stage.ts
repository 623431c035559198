import type { PublisherJournal } from './journal.ts'
import type { Reach } from './reach.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { WireWatch } from './wire-watch.ts'

/** What an actor, and who judges what it is told, needs of the trial that it plays in. */
export interface ActorStage {
  readonly network: SimulatedNetwork
  readonly reach: Reach
  readonly watch: WireWatch
  readonly publishers: ReadonlyMap<string, PublisherJournal>
  follow(work: Promise<unknown>): void
}
