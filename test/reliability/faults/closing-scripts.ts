import { patienceMs } from '../../harness/eventually.ts'
import type { TestCluster } from '../../harness/test-cluster.ts'
import type { PublishedStream } from './judge.ts'
import type { CloserCalls } from './processes/closer.ts'
import { Remote } from './remote.ts'

export interface ClosingScripts {
  readonly table: string
  readonly count: number
  /** How many are open at one time. */
  readonly sideBySide: number
  /** How long each waits for its subscribers when it closes, milliseconds. */
  readonly drainMs: number
  /** Characters of its record beside what says what it is. */
  readonly padding: number
  readonly node?: number
}

/** Scripts of one OS process that publish one update each and close in good order. */
export async function closeScripts(
  cluster: TestCluster,
  { table, count, sideBySide, drainMs, padding, node = 0 }: ClosingScripts,
): Promise<PublishedStream[]> {
  const { host, place } = cluster.node(node)
  const { definition } = cluster
  const closer = new Remote<CloserCalls>('SCRIPTS', 'closer.ts', { place })
  const published: PublishedStream[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1
      const script = `SCRIPT_${next}`
      const options = { script, definition, host, drainMs, clusterTimeoutMs: patienceMs }
      published.push(
        await closer.call('close', { options, table, updates: 1, perTurn: 1, padding }),
      )
    }
  }
  await Promise.all(Array.from({ length: sideBySide }, lane))
  await closer.child.end('SIGKILL')
  return published
}
