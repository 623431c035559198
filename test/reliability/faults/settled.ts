import { eventually } from '../../harness/eventually.ts'
import { judge, type PublishedStream, type Verdict } from './judge.ts'
import type { Participant } from './participant.ts'

/** A queue of a participant. */
export interface Place {
  readonly participant: Participant
  readonly key: string
}

/** Five times what any row asks for, and more: what is missing then stays missing. */
const waitedMs = 60_000

/** Judges a subscription when it accounts for everything, or after a while in any case. */
export async function settled(
  { participant, key }: Place,
  published: readonly PublishedStream[],
  withinMs = waitedMs,
): Promise<Verdict> {
  const judged = async () => judge(published, await participant.call('recorded', { key }))
  const isWhole = async () => (await judged()).silent === 0
  await eventually(`${key} accounts for everything`, isWhole, withinMs).catch(() => undefined)
  return judged()
}

/** Resolves when so many updates have come. */
export async function receives(
  { participant, key }: Place,
  updates: number,
  withinMs = waitedMs,
): Promise<void> {
  const holds = async () => (await participant.call('progress', { key })).deliveries >= updates
  await eventually(`${key} receives ${updates}`, holds, withinMs)
}

/** What all publishers have published so far. */
export async function publishedBy(publishers: readonly Place[]): Promise<PublishedStream[]> {
  const each = await Promise.all(
    publishers.map(({ participant, key }) => participant.call('published', { key })),
  )
  return each.flat()
}

export const countOf = (streams: readonly PublishedStream[]): number =>
  streams.reduce((sum, { last }) => sum + last, 0)
