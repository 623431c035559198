import { changed, type UpdateQueue } from 'tidings'
import type { LayerCases } from '../layer-cases.ts'

/** `insert`: a transaction that inserts into `note`, and then calls `behind()` within. */
export function noted(
  queue: UpdateQueue,
  insert: (id: string, behind: () => void) => Promise<unknown>,
): Pick<LayerCases, 'note' | 'noteAndThrow'> {
  const note = async (id: string, behind: () => void): Promise<void> => {
    await queue.commit(() =>
      insert(id, () => {
        changed({ table: 'note', kind: 'insert', record: { id } })
        behind()
      }),
    )
  }
  return {
    note: (id) => note(id, () => undefined),
    noteAndThrow: (id) =>
      note(id, () => {
        throw new Error('thrown')
      }),
  }
}
