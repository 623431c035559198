import { pause } from '../base/clock.ts'
import type { ProcessSetup, Tell } from './reports.ts'
import { Writer } from './writer.ts'

/** It corrects the newest so many days: those, and the months, that the event handler changes as well. */
const days = 20

/** The shares that it adds to one. */
const shares = 1_000

/** Each so many-th day was no trading day at all, and is deleted; so many at most, however long it runs. */
const deletedEach = 10
const mostDeleted = 5

/** Pause between two corrections: the event handler's commits come between them. */
const pauseMs = 10

/** Corrects the prices of the newest days until it is told to leave. */
export async function runCorrections(
  setup: ProcessSetup,
  tell: Tell,
  finish: Promise<void>,
): Promise<void> {
  const writer = await Writer.open(setup, tell)
  const { database } = writer
  const isToFinish = finish.then(() => true)
  let changes = 0
  do {
    const newest = database.newest(days)
    const [date = ''] = newest.slice(changes % newest.length)
    changes += 1
    const isDeleted = changes % deletedEach === 0 && changes <= deletedEach * mostDeleted
    if (isDeleted) database.delete(date)
    else database.addVolume(date, shares)
    tell({ type: 'written', changes, of: null })
  } while (!(await Promise.race([isToFinish, pause(pauseMs).then(() => false)])))
  await writer.close()
}
