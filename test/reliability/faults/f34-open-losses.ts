import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, type PublishedStream } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue } from './participant.ts'
import type { RecordedLoss } from './recorder.ts'
import { publishedBy, settled, type Place } from './settled.ts'

/** Runs at scale 1, of each shape; each publisher lives for one of them. */
const runsWanted = 6

const tables = ['TRADE', 'POSITION']
const updates = Array.from({ length: 20 }, (_, index) => tables[index % 2] as string)

/** Published for the first time by who is back. */
const newTable = 'SETTLEMENT'

/** Whoever is back is asked at once. */
const endsWithinMs = 10_000
const waitedMs = 60_000

const names = ['KILLED', 'GOES_ON', 'CLOSES']

type Shape = 'mesh' | 'proxy+relay'

/** An open loss that a subscription to all tables is to be told; `table` null: in any. */
interface Owed {
  readonly incarnation: string
  readonly table: string | null
}

const isOpen = ({ to }: RecordedLoss): boolean => to === null
const isEnd = ({ ends }: RecordedLoss): boolean => ends === true

/** How many of them have such a loss. */
const count = (
  owed: readonly Owed[],
  losses: readonly RecordedLoss[],
  is: (loss: RecordedLoss) => boolean,
): number =>
  owed.filter(({ incarnation, table }) =>
    losses.some(
      (loss) => is(loss) && loss.publisher?.incarnation === incarnation && loss.table === table,
    ),
  ).length

async function owedOf(place: Place, inTables: readonly (string | null)[]): Promise<Owed[]> {
  const [stream] = await publishedBy([place])
  return inTables.map((table) => ({ incarnation: stream?.incarnation ?? '', table }))
}

const publish = ({ participant, key }: Place, each: readonly string[]): Promise<void> =>
  participant.call('publishEach', { key, tables: each })

async function lossesOf({ participant, key }: Place): Promise<readonly RecordedLoss[]> {
  return (await participant.call('recorded', { key })).losses
}

/** Resolves with how many of them have no such loss: with none, or after a while. */
async function lacking(
  subscriber: Place,
  owed: readonly Owed[],
  is: (loss: RecordedLoss) => boolean,
): Promise<number> {
  const left = async () => owed.length - count(owed, await lossesOf(subscriber), is)
  const isWhole = async () => (await left()) === 0
  await eventually('all is told', isWhole, waitedMs).catch(() => undefined)
  return left()
}

/** `before`: what the publishers of the runs before this one have published; those of this one are added. */
async function run(
  cluster: TestCluster,
  subscriber: Place,
  number: number,
  before: PublishedStream[],
) {
  const start = async (name: string): Promise<Place> => {
    const key = `${name}_${number}`
    const place = { participant: await startQueue(cluster, key, tables), key }
    await publish(place, updates)
    return place
  }
  const publishers = await Promise.all(names.map((name) => start(name)))
  const [killed, goesOn, closes] = publishers as [Place, Place, Place]
  await settled(subscriber, [...before, ...(await publishedBy(publishers))])
  const ofKilled = await publishedBy([killed])
  const ofDead = await owedOf(killed, tables)
  const inAnyOfDead = await owedOf(killed, [null])
  const still = [goesOn, closes]
  const each = await Promise.all(still.map((place) => owedOf(place, [...tables, null])))
  const ofStill = each.flat()

  for (const { participant } of still) participant.child.signal('SIGSTOP')
  await killed.participant.child.end('SIGKILL')
  const untold = await lacking(subscriber, [...ofDead, ...ofStill], isOpen)
  // What they are told to do while they stand still they do as soon as they go on.
  const done = [publish(goesOn, [...updates, newTable]), publish(closes, updates)]
  const published = publishedBy(still)
  done.push(closes.participant.call('close', { key: closes.key }))
  for (const { participant } of still) participant.child.signal('SIGCONT')
  const backAt = monotonicMs()
  const withoutEnd = await lacking(subscriber, ofStill, isEnd)
  const healMs = monotonicMs() - backAt
  await Promise.all(done)
  before.push(...ofKilled, ...(await published))
  const verdict = await settled(subscriber, before)
  const losses = await lossesOf(subscriber)
  await Promise.all(still.map(({ participant }) => participant.child.end('SIGKILL')))
  const tooMuch = count(ofDead, losses, isEnd) + count(inAnyOfDead, losses, isOpen)
  return { verdict, healMs, untold, withoutEnd, tooMuch }
}

async function runShape(shape: Shape, runs: number): Promise<Measured> {
  const nodes = shape === 'mesh' ? 1 : 2
  const cluster = await TestCluster.start(shape, nodes)
  const key = 'SUB'
  const subscriber = { participant: await startQueue(cluster, key, [], {}, nodes - 1), key }
  await subscriber.participant.call('subscribe', { key, tables: '*' })
  const parts: Awaited<ReturnType<typeof run>>[] = []
  const published: PublishedStream[] = []
  for (let number = 1; number <= runs; number += 1)
    parts.push(await run(cluster, subscriber, number, published))
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0)
  const untold = sum((part) => part.untold)
  const withoutEnd = sum((part) => part.withoutEnd)
  const tooMuch = sum((part) => part.tooMuch)
  const healMs = parts.map((part) => part.healMs)
  return {
    injected: runs * names.length,
    // Of all that came until then: the last one has everything.
    verdict: addVerdicts(...parts.slice(-1).map((part) => part.verdict)),
    healMs,
    demands: [
      atMost(`${shape}: open losses that were not told`, 'losses', untold, 0),
      atMost(`${shape}: without an end, of who is back`, 'losses', withoutEnd, 0),
      atMost(`${shape}: with an end, or in any table, of who was killed`, 'losses', tooMuch, 0),
      atMost(`${shape}: ends told, worst`, 'ms', Math.max(...healMs), endsWithinMs, 5),
    ],
    notes: [],
  }
}

export const openLosses: FaultRow = {
  id: 'F34',
  fault:
    "publishers of a subscription to '*' are killed, or stand still until they are given up and go on, or close",
  how: 'SIGKILL of one and SIGSTOP of two; SIGCONT when all open losses are told: one goes on and publishes another table, one closes at once; mesh and proxy+relay',
  async run({ scale }) {
    const runs = Math.max(1, Math.round(runsWanted * scale))
    // Nearly all of it is waiting.
    const shapes = ['mesh', 'proxy+relay'] as const
    return addMeasured(...(await Promise.all(shapes.map((shape) => runShape(shape, runs)))))
  },
}
