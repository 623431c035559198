import type { NewChange } from '../../model/reset.ts'
import type { UpdateQueue } from '../../queue/update-queue.ts'
import { descendingVersions } from '../commit-versions.ts'
import { positionText } from '../log-position.ts'
import { tellCommit, tellResets } from '../told-commit.ts'
import type { TableReader } from './table-reader.ts'
import type { CapturedTransaction } from './transaction-assembly.ts'
import type { TellCapture } from './capture-event.ts'

/** Publishes transactions, each as one commit, in the order in which they have committed. */
export class CapturePublisher {
  readonly #queue: UpdateQueue
  readonly #tell: TellCapture
  /** The last that was published: what the database sends again was published already. */
  #last = 0n

  constructor(queue: UpdateQueue, tell: TellCapture) {
    this.#queue = queue
    this.#tell = tell
  }

  /** Another database, or another history of it, comes now: its positions are not those of before. */
  startAnew(): void {
    this.#last = 0n
  }

  /** False: there was nothing to publish, or it was published before. */
  async publish(transaction: CapturedTransaction, tables: TableReader): Promise<boolean> {
    const { commitPosition } = transaction
    if (commitPosition <= this.#last) return false
    const changes = await changesOf(transaction, tables)
    this.#last = commitPosition
    if (changes.length === 0) return false
    tellCommit(this.#queue, changes)
    for (const change of changes)
      if (change.kind === 'reset' && change.keys === undefined)
        this.#tell(
          'note',
          `reset of ${change.table} at ${positionText(commitPosition)}: ${change.reason}`,
        )
    return true
  }

  /** Says of tables that nobody can tell what has changed in them. */
  reset(tables: readonly string[], reason: string): void {
    this.#tell('note', `reset of ${tables.join(', ')}: ${reason}`)
    tellResets(this.#queue, tables, reason)
  }
}

async function changesOf(
  { rows, resets, commitPosition }: CapturedTransaction,
  tables: TableReader,
): Promise<NewChange[]> {
  const changes: NewChange[] = []
  const altered = new Set<string>()
  for (const relation of new Set([...rows.map((row) => row.relation), ...resets.keys()]))
    if (!tables.of(relation) && (await tables.load(relation))) {
      const table = tables.of(relation)
      if (table) altered.add(table.name)
    }
  const versions = descendingVersions(rows.map(() => commitPosition))
  for (const [place, row] of rows.entries()) {
    const change = tables.of(row.relation)?.change(row, versions[place] as bigint)
    if (change) changes.push(change)
  }
  for (const [relation, reason] of resets) {
    const reset = tables.of(relation)?.reset(reason)
    if (reset) changes.push(reset)
  }
  for (const table of altered)
    changes.push({ table, kind: 'reset', reason: 'its columns were altered' })
  return changes
}
