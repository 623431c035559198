import type { LoopBlock } from './loop-blocks.ts'
import { lawLine } from './law.ts'
import { cellText, type Section } from './page.ts'
import { Stream } from './stream.ts'

/** Updates of one commit, and how many updates are published in commits of that size. */
const runs = [
  { commitUpdates: 1, updates: 300_000 },
  { commitUpdates: 10, updates: 300_000 },
  { commitUpdates: 1000, updates: 300_000 },
  { commitUpdates: 100_000, updates: 500_000 },
]
const recordBytes = 100

/** A longer stretch is felt by whatever else the process does. */
const mostBlockMs = 50

export async function measureCommits(): Promise<Section> {
  const stream = await Stream.open(['TRADE', 'POSITION'])
  const rows = []
  for (const { commitUpdates, updates } of runs) {
    const { sent, received, perSecond } = await stream.run({ commitUpdates, updates, recordBytes })
    rows.push({ commitUpdates, perSecond, sent, received })
  }
  await stream.close()
  const tooLong = rows.filter(
    ({ sent, received }) => Math.max(sent.block.ms, received.block.ms) > mostBlockMs,
  )
  const broken = rows.reduce((sum, { received }) => sum + received.brokenCommits, 0)
  return {
    name: 'commits',
    title: 'Updates of a commit',
    method: `One publisher, one subscriber, mesh; records of ${recordBytes} bytes, in two tables by turns. Both have
exchanged 100,000 updates before. A publisher of many small commits gives way to the event loop after 1,000 updates; one
call of \`publish()\` takes a whole commit.`,
    columns: [
      'updates a commit',
      'updates/s',
      'publisher: longest block ms (CPU)',
      'of it `publish()` ms',
      'subscriber: longest block ms (CPU)',
      'of it callback ms',
      'deliveries',
      'commits not whole in one delivery',
    ],
    rows: rows.map(({ commitUpdates, perSecond, sent, received }) => [
      commitUpdates,
      Math.round(perSecond),
      blockText(sent.block),
      sent.longestPublishMs,
      blockText(received.block),
      received.longestCallbackMs,
      received.deliveries,
      received.brokenCommits,
    ]),
    laws: [
      lawLine(
        'updates/s',
        'updates a commit',
        points(rows, ({ perSecond }) => perSecond),
      ),
      lawLine(
        "publisher's block",
        'updates a commit',
        points(rows, ({ sent }) => sent.block.ms),
      ),
      lawLine(
        "subscriber's block",
        'updates a commit',
        points(rows, ({ received }) => received.block.ms),
      ),
      broken === 0
        ? 'Every commit came whole in one delivery.'
        : `${broken} commits did not come whole in one delivery.`,
      tooLong.length === 0
        ? `No block of more than ${mostBlockMs} ms.`
        : `Blocks of more than ${mostBlockMs} ms with ${tooLong.map((row) => cellText(row.commitUpdates)).join(', ')} updates a commit.`,
    ],
  }
}

const blockText = ({ ms, cpuMs }: LoopBlock): string => `${cellText(ms)} (${cellText(cpuMs)})`

const points = <Row extends { commitUpdates: number }>(
  rows: readonly Row[],
  of: (row: Row) => number,
) => rows.map((row) => ({ x: row.commitUpdates, y: of(row) }))
