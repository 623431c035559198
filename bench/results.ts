import type { Outcome } from './run.ts'
import { pairedRatios, spread } from './statistics.ts'
import type { Spread } from './statistics.ts'

/** All repetitions of one peer under one workload; those of one workload stand side by side. */
export interface Series {
  readonly peer: string
  readonly title: string
  /** Headline of its table: series that share it were run in turns. */
  readonly workload: string
  readonly type: 'throughput' | 'latency'
  readonly outcomes: readonly Outcome[]
}

export interface BenchResults {
  readonly startedAt: string
  readonly machine: string
  readonly versions: readonly string[]
  /** Peers that were left out, with what they lack. A run is complete without any. */
  readonly missing: readonly string[]
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

/** How many times as fast as each other peer the first of the group is. */
function ratioCell(first: Series, series: Series): string {
  if (first === series) return '1'
  return withBounds(pairedRatios(ratesOf(first), ratesOf(series)), (value) => digits(value, 2))
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

/** The page of results, Markdown. */
export function resultsPage(results: BenchResults): string {
  const { missing, series } = results
  const lines = [
    '# Benchmark results',
    '',
    `Written by \`npm run bench\` on ${results.startedAt}: ${results.machine}.`,
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
  lines.push(
    'Real processes on one machine over loopback. Medians (least … most) of repetitions run in turns; ratios are taken',
    'repetition by repetition. Compare figures of one table only. Time runs from the first publish to the last update',
    'checked at the slowest subscriber. CPU is user and system time of all processes, servers included.',
    '',
  )
  for (const [workload, group] of byWorkload(series)) {
    const table = group[0]?.type === 'latency' ? latencyTable(group) : throughputTable(group)
    lines.push(`## ${workload}`, '', ...table, '')
  }
  return `${lines.join('\n').trimEnd()}\n`
}
