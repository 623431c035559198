/**
 * What every publisher publishes, commit by commit: a pattern that repeats, so that the place of any
 * update follows from its number, and millions of them are written down as one range.
 */

export const tables = ['TRADE', 'POSITION', 'ORDER', 'AUDIT'] as const

export type Table = (typeof tables)[number]

/** How many updates of each table, in the order of `tables`. */
export type Counts = readonly number[]

export interface Planned {
  readonly table: Table
  /** From 1, in its table. */
  readonly number: number
}

const initials = new Map(tables.map((table) => [table[0], table]))

/** The tables of each commit of the pattern, by initials: alone, mixed, in turns, many at once, rare ones. */
const pattern = ['T', 'T', 'TP', 'T', 'PTOT', 'T', 'TTTTTTTT', 'P', 'TO', 'OOOOOOOOOOOOT'] as const
const rarely = ['T', 'TP', 'T', 'T', 'OPT', 'ATPO'] as const

const period: readonly (readonly number[])[] = [...pattern, ...rarely].map((commit) =>
  commit.split('').map((initial) => tables.indexOf(initials.get(initial) as Table)),
)

interface Spot {
  /** In the period, from 0. */
  readonly commit: number
  readonly place: number
}

/** For each table, where in the period its updates stand. */
const spots: readonly (readonly Spot[])[] = tables.map((_, table) =>
  period.flatMap((commit, index) =>
    commit.flatMap((each, place) => (each === table ? [{ commit: index, place }] : [])),
  ),
)

/** Counts of the first n commits of the period, for n from 0. */
const before: readonly Counts[] = period.reduce<number[][]>(
  (sums, commit) => {
    const next = [...(sums.at(-1) as number[])]
    for (const table of commit) next[table] = (next[table] ?? 0) + 1
    return [...sums, next]
  },
  [tables.map(() => 0)],
)

const perPeriod = before.at(-1) as Counts

/** Updates of a commit, on average. */
export const updatesPerCommit = perPeriod.reduce((sum, each) => sum + each, 0) / period.length

/** How many updates of each table the commits 1 to `commits` have. */
export function countsUpTo(commits: number): Counts {
  const periods = Math.floor(commits / period.length)
  const rest = before[commits % period.length] as Counts
  return perPeriod.map((each, table) => periods * each + (rest[table] ?? 0))
}

/** The updates of a commit, in the order of the `publish()` call; commits count from 1. */
export function plannedCommit(commit: number): Planned[] {
  const counts = [...countsUpTo(commit - 1)]
  return tablesOf(commit).map((table) => {
    const number = (counts[table] ?? 0) + 1
    counts[table] = number
    return { table: tables[table] as Table, number }
  })
}

/** The same by place in `tables`: what a commit is made of, without its numbers. */
export const tablesOf = (commit: number): readonly number[] =>
  period[(commit - 1) % period.length] as readonly number[]

/** In which commit an update stands, and at which place of it. */
export function spotOf(table: number, number: number): Spot {
  const inPeriod = spots[table] as readonly Spot[]
  const { commit, place } = inPeriod[(number - 1) % inPeriod.length] as Spot
  const periods = Math.floor((number - 1) / inPeriod.length)
  return { commit: periods * period.length + commit + 1, place }
}
