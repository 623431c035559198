import type { ClusterSnapshot, ProcessSnapshot } from '../model/cluster-snapshot.ts'

/** What `mon --sort` takes: by name from A on, by figures from the highest on. */
export const sortKeys = ['name', 'lag', 'rate', 'losses'] as const

export type SortKey = (typeof sortKeys)[number]

const figures: Record<Exclude<SortKey, 'name'>, (process: ProcessSnapshot) => number> = {
  lag: ({ health }) => health?.lagSeconds ?? -1,
  rate: ({ rate }) => rate,
  losses: ({ health }) => health?.losses ?? -1,
}

const byName = (a: ProcessSnapshot, b: ProcessSnapshot): number => (a.name < b.name ? -1 : 1)

/** The same with the processes of each node in this order. */
export function sortedSnapshot(snapshot: ClusterSnapshot, key: SortKey): ClusterSnapshot {
  const compare =
    key === 'name'
      ? byName
      : (a: ProcessSnapshot, b: ProcessSnapshot) =>
          figures[key](b) - figures[key](a) || byName(a, b)
  const nodes = snapshot.nodes.map((node) => ({
    ...node,
    processes: [...node.processes].sort(compare),
  }))
  return { ...snapshot, nodes }
}
