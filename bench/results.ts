import type { Outcome } from './run.ts'
import { pairedRatios, spread } from './statistics.ts'
import { targets } from './targets.ts'
import type { Spread } from './statistics.ts'

/** All repetitions of one peer under one workload; those of one workload stand side by side. */
export interface Series {
  readonly peer: string
  readonly title: string
  /** Headline of its table: series that share it were run in turns. */
  readonly workload: string
  readonly type: 'throughput' | 'latency'
  readonly outcomes: readonly Outcome[]
  /** For each outcome, which repetition it is of: where a run failed there is a hole. */
  readonly repeats: readonly number[]
}

export interface BenchResults {
  readonly startedAt: string
  /** The options of the command line. */
  readonly options: string
  readonly machine: string
  readonly versions: readonly string[]
  /** Peers that were left out, with what they lack. A run is complete without any. */
  readonly missing: readonly string[]
  /** Runs that did not come to their end, with what happened. */
  readonly failures: readonly string[]
  readonly series: readonly Series[]
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')
const digits = (value: number, count: number): string =>
  Number.isFinite(value) ? value.toFixed(count) : '–'
const withBounds = ({ median, min, max }: Spread, format: (value: number) => string): string =>
  `${format(median)} (${format(min)} … ${format(max)})`

/** A headline for each workload, with the series that were run for it. */
function byWorkload(series: readonly Series[]): Map<string, Series[]> {
  const groups = new Map<string, Series[]>()
  for (const each of series) groups.set(each.workload, [...(groups.get(each.workload) ?? []), each])
  return groups
}

const ratesOf = ({ outcomes }: Series): number[] => outcomes.map(({ perSecond }) => perSecond)

/** Ratios of a figure of two series, repetition by repetition. */
export function pairedOf(
  ours: Series,
  theirs: Series,
  of: (outcome: Outcome) => number | null | undefined,
): Spread {
  const figure = (series: Series, repeat: number) => {
    const outcome = series.outcomes[series.repeats.indexOf(repeat)]
    return outcome && of(outcome)
  }
  const both = ours.repeats
    .map((repeat) => [figure(ours, repeat), figure(theirs, repeat)] as const)
    .filter((pair): pair is readonly [number, number] =>
      pair.every((each) => typeof each === 'number'),
    )
  return pairedRatios(
    both.map(([first]) => first),
    both.map(([, second]) => second),
  )
}

/** How many times as fast as each other peer the first of the group is. */
function ratioCell(first: Series, series: Series): string {
  if (first === series) return '1'
  return withBounds(
    pairedOf(first, series, ({ perSecond }) => perSecond),
    (value) => digits(value, 2),
  )
}

function memoryCell({ outcomes }: Series): string {
  const most = (of: (memory: Outcome['memory']) => number | null): string => {
    const values = outcomes.map(({ memory }) => of(memory)).filter((value) => value !== null)
    return values.length === 0 ? '–' : whole(Math.max(...values))
  }
  return [
    most(({ publisher }) => publisher),
    most(({ subscriber }) => subscriber),
    most(({ server }) => server),
  ].join(' / ')
}

const lostOf = ({ outcomes }: Series): number => outcomes.reduce((sum, { lost }) => sum + lost, 0)

function throughputTable(group: readonly Series[]): string[] {
  const [first] = group
  if (!first) return []
  return [
    `| | updates/s | ${first.title} ÷ it | CPU s per million deliveries | peak memory MiB: publisher / subscriber / server | lost |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...group.map((series) => {
      const cpu = spread(series.outcomes.map((outcome) => outcome.cpuSecondsPerMillion))
      const cells = [
        series.title,
        withBounds(spread(ratesOf(series)), whole),
        ratioCell(first, series),
        withBounds(cpu, (value) => digits(value, 2)),
        memoryCell(series),
        whole(lostOf(series)),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

function latencyTable(group: readonly Series[]): string[] {
  return [
    '| | p50 ms | p99 ms | p99.9 ms | CPU s per million deliveries | lost |',
    '| --- | --- | --- | --- | --- | --- |',
    ...group.map((series) => {
      const latencies = series.outcomes
        .map(({ latency }) => latency)
        .filter((each) => each !== null)
      const cell = (of: (latency: (typeof latencies)[number]) => number): string =>
        latencies.length === 0
          ? '–'
          : withBounds(spread(latencies.map(of)), (value) => digits(value, 2))
      const cpu = spread(series.outcomes.map((outcome) => outcome.cpuSecondsPerMillion))
      const cells = [
        series.title,
        cell(({ p50 }) => p50),
        cell(({ p99 }) => p99),
        cell(({ p999 }) => p999),
        digits(cpu.median, 2),
        whole(lostOf(series)),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

/** Each target with its figures: met where every reading meets it. */
function targetTable(series: readonly Series[]): string[] {
  const rows = targets.flatMap(({ what, ours, peer, of, workload, least, most }) => {
    const groups = [...byWorkload(series)].filter(([title]) => title.startsWith(workload))
    return groups.flatMap(([title, group]) => {
      const [mine, theirs] = [ours, peer].map((name) => group.find((each) => each.peer === name))
      if (!mine || !theirs) return []
      const ratio = pairedOf(mine, theirs, of)
      const isMet = least === undefined ? ratio.median <= (most ?? Infinity) : ratio.median >= least
      const wanted = least === undefined ? `≤ ${most}` : `≥ ${least}`
      const figure = withBounds(ratio, (value) => digits(value, 2))
      return [`| ${what} | ${title} | ${wanted} | ${figure} | ${isMet ? 'yes' : '**no**'} |`]
    })
  })
  if (rows.length === 0) return []
  return ['| | under | asked | figure | met |', '| --- | --- | --- | --- | --- |', ...rows]
}

/** The page of results, Markdown. */
export function resultsPage(results: BenchResults): string {
  const { missing, series } = results
  const lines = [
    '# Benchmark results',
    '',
    `Written by \`npm run bench${results.options === '' ? '' : ` -- ${results.options}`}\` on ${results.startedAt}: ${results.machine}.`,
    '',
    ...results.versions.map((version) => `- ${version}`),
    '',
  ]
  if (missing.length > 0)
    lines.push(
      '**Incomplete.** Left out, for lack of what they need:',
      '',
      ...missing.map((each) => `- ${each}`),
      '',
    )
  if (results.failures.length > 0)
    lines.push(
      '**Incomplete.** Runs that did not come to their end:',
      '',
      ...results.failures.map((each) => `- ${each}`),
      '',
    )
  const targets = targetTable(series)
  if (targets.length > 0) lines.push('## What to reach', '', ...targets, '')
  lines.push(
    'Real processes on one machine over loopback. Medians (least … most) of repetitions run in turns; ratios are taken',
    'repetition by repetition. Compare figures of one table only. Each run warms up first, but for those from a cold',
    'start: as long as a process compiles, its figures are those of the compiler (the programs in C need none). Time then runs from the first publish to the',
    'last update checked at the slowest subscriber. CPU is user and system time of all processes in that time, servers',
    'included; memory is the most of the whole run, warm-up included.',
    '',
  )
  for (const [workload, group] of byWorkload(series)) {
    const table = group[0]?.type === 'latency' ? latencyTable(group) : throughputTable(group)
    lines.push(`## ${workload}`, '', ...table, '')
  }
  return `${lines.join('\n').trimEnd()}\n`
}
