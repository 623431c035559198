import type { NodeSnapshot } from '../model/cluster-snapshot.ts'

/** All tables that processes have published; of those that have ended nobody knows. */
export function publishedTables(nodes: readonly NodeSnapshot[]): Set<string> {
  const processes = nodes.flatMap((node) => node.processes)
  // Who has not told its figures at a broker has said there what it publishes.
  return new Set([
    ...processes.flatMap((each) => each.tables.map(({ table }) => table)),
    ...processes.flatMap(({ broker }) => broker?.publishes ?? []),
  ])
}
