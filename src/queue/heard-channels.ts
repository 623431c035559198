import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inBackground } from '../base/background.ts'
import type { OfQueue } from './channels.ts'
import type { UpdateQueue } from './update-queue.ts'

/** For each channel of `node:diagnostics_channel` that somebody listens to, what is done with its messages. */
export type HeardChannels = Readonly<Record<string, (message: never) => void>>

/** Listens to channels as far as they tell of this queue, until it is closed. */
export function listenTo(queue: UpdateQueue, heard: HeardChannels): void {
  const { incarnation } = queue.identity
  const stops = Object.entries(heard).map(([name, hear]) => {
    const listener = (message: unknown): void => {
      if ((message as OfQueue).queue.incarnation === incarnation) hear(message as never)
    }
    subscribe(name, listener)
    return () => unsubscribe(name, listener)
  })
  onceClosed(queue, () => stops.forEach((stop) => stop()))
}

/** Runs `run` when the queue is closed, whatever ended it. */
export function onceClosed(queue: UpdateQueue, run: () => void): void {
  inBackground(queue.closed.then(run), run)
}
