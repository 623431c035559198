import type { Loss } from '../model/loss.ts'
import type { PublisherIdentity } from '../model/publisher-identity.ts'
import type { PointChannel } from './channels.ts'
import { points } from './channels.ts'
import { EventFeed } from './event-feed.ts'
import type { QueueEvent, QueueHealth } from './queue-event.ts'

/** The channel on which each event is told as well, of those that have one. */
const channelOf: { readonly [Type in QueueEvent['type']]?: PointChannel<never> } = {
  behind: points.behind,
  repaired: points.repaired,
  refused: points.refused,
  'publisher-stalled': points.publisher,
  'publisher-gone': points.publisher,
  'publisher-live': points.publisher,
  'publisher-finished': points.publisher,
  'publisher-cloned': points.publisher,
  connected: points.connection,
  disconnected: points.connection,
  renewed: points.connection,
  'shut-out': points.connection,
  'cluster-lost': points.connection,
  'cluster-found': points.connection,
}

/** The events of a queue: for who iterates them, for who listens to their channels, and for the health of the queue. */
export class QueueFeed extends EventFeed<QueueEvent> {
  readonly #queue: PublisherIdentity
  readonly #wallClock: () => number
  #lastLoss: QueueHealth['lastLoss'] = null
  #cluster: QueueHealth['cluster'] = 'connected'

  constructor(queue: PublisherIdentity, wallClock: () => number) {
    super()
    this.#queue = queue
    this.#wallClock = wallClock
  }

  /** The latest loss that was told; resets and ends are none. */
  get lastLoss(): QueueHealth['lastLoss'] {
    return this.#lastLoss
  }

  get cluster(): QueueHealth['cluster'] {
    return this.#cluster
  }

  override emit(event: QueueEvent): void {
    this.#note(event)
    if (event.type === 'loss') this.#tellLosses(event.losses)
    else this.#tell(channelOf[event.type], event)
    super.emit(event)
  }

  #note(event: QueueEvent): void {
    if (event.type === 'cluster-lost') this.#cluster = 'lost'
    else if (event.type === 'cluster-found') this.#cluster = 'connected'
    else if (event.type === 'closed') this.#cluster = 'closed'
    else if (event.type === 'loss') {
      const loss = event.losses.findLast(isNewLoss)
      if (loss) this.#lastLoss = { at: this.#wallClock(), loss }
    }
  }

  /** What a publisher asks to be read again is no loss to who watches. */
  #tellLosses(all: readonly Loss[]): void {
    const resets = all.filter(({ reason }) => reason === 'reset')
    const losses = all.filter(({ reason }) => reason !== 'reset')
    if (resets.length > 0) this.#tell(points.reset, { type: 'loss', losses: resets })
    if (losses.length > 0) this.#tell(points.loss, { type: 'loss', losses })
  }

  #tell(channel: PointChannel<never> | undefined, event: QueueEvent): void {
    if (channel?.isHeard) channel.tell({ ...event, queue: this.#queue } as never)
  }
}

/** Something is lost: no reset, and not the end of a loss that was told before. */
export const isNewLoss = ({ reason, ends }: Loss): boolean => reason !== 'reset' && !ends
