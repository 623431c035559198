import { lawLine } from './law.ts'
import type { Section } from './page.ts'
import { Stream } from './stream.ts'

const sizes = [100, 1000, 10_000, 100_000]

/** Published of each size: enough for some seconds, and of small ones no more than some seconds take. */
const bytesPerSize = 128 * 1024 * 1024
const mostUpdates = 500_000

export async function measureSizes(): Promise<Section> {
  const stream = await Stream.open(['TRADE'])
  const rows = []
  for (const recordBytes of sizes) {
    const updates = Math.min(mostUpdates, Math.ceil(bytesPerSize / recordBytes))
    const { perSecond } = await stream.run({ updates, recordBytes, commitUpdates: 1 })
    rows.push({ recordBytes, updates, perSecond, megabytes: (perSecond * recordBytes) / 1e6 })
  }
  await stream.close()
  return {
    name: 'sizes',
    title: 'Size of a record',
    method: `One publisher, one subscriber, mesh; one update a commit. The size is that of the record as JSON: a number, and a text
that is no other record's. The publisher asks for confirmations (\`flush()\`) after 4 MiB or 65,536 updates and has two
such windows under way.`,
    columns: ['bytes a record', 'updates', 'updates/s', 'MB/s'],
    rows: rows.map((row) => [
      row.recordBytes,
      row.updates,
      Math.round(row.perSecond),
      row.megabytes,
    ]),
    laws: [
      lawLine(
        'updates/s',
        'bytes',
        rows.map(({ recordBytes: x, perSecond: y }) => ({ x, y })),
      ),
      lawLine(
        'MB/s',
        'bytes',
        rows.map(({ recordBytes: x, megabytes: y }) => ({ x, y })),
      ),
    ],
  }
}
