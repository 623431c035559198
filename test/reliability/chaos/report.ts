import type { ResultRow } from '../result.ts'
import type { Violation } from '../violation.ts'
import type { FaultKind } from './fault-kind.ts'
import { everyFaultKind } from './fault-kind.ts'
import { deliveriesUnder, healMs } from './heal.ts'
import type { Injected } from './injected.ts'
import type { ShapeResult } from './shape-run.ts'

/** Told per rule, at most. */
const maxToldViolations = 5

/** The rules that make up the column of silent losses: whatever is not as the contract has it. */
const isSilent = ({ rule }: Violation): boolean => rule !== 'false-loss' && rule !== 'loss-in-node'

export function quantile(values: readonly number[], share: number): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)
  return Math.round((sorted[Math.max(0, index)] as number) * 10) / 10
}

const updatesOf = (violations: readonly Violation[]) =>
  violations.reduce((sum, { updates }) => sum + updates, 0)

/** A row for each kind of fault, and one for all that each shape delivered. */
export function rowsOf(results: readonly ShapeResult[]): ResultRow[] {
  const kinds = Object.keys(everyFaultKind) as FaultKind[]
  return [
    ...results.map(rowOfShape),
    ...kinds.flatMap((kind) => {
      const row = rowOfKind(kind, results)
      return row.times > 0 ? [row] : []
    }),
  ]
}

const firstLine = (failure: string): string => `; ${failure.split('\n', 1)[0]}`

function rowOfShape(result: ShapeResult): ResultRow {
  const { shape, verdict, log, failures, lives, seconds } = result
  const silent = updatesOf(verdict.violations.filter(isSilent))
  const heals = log.flatMap((fault) => healMs(fault, log, lives) ?? [])
  const { givenUp, owed, publishers, subscriptions } = verdict
  return {
    id: shape,
    fault: `all of them, ${shape}`,
    injected: 'drawn from the seed',
    times: log.length,
    deliveries: verdict.deliveries,
    silent,
    reported: verdict.reported,
    falseLosses: updatesOf(verdict.violations.filter((violation) => !isSilent(violation))),
    healP50Ms: quantile(heals, 0.5),
    healP99Ms: quantile(heals, 0.99),
    figure: `${owed} owed to ${subscriptions} subscriptions of ${publishers} lives of publishers in ${Math.round(seconds)} s; ${givenUp} of them given up after ten seconds of silence${failures.map(firstLine).join('')}`,
    met: verdict.violations.length === 0 && failures.length === 0,
  }
}

function rowOfKind(kind: FaultKind, results: readonly ShapeResult[]): ResultRow {
  const [fault, injected] = everyFaultKind[kind]
  const cases = results.flatMap((result) =>
    result.log.filter((each) => each.kind === kind).map((each) => ({ each, result })),
  )
  const heals = cases.flatMap(({ each, result }) => healMs(each, result.log, result.lives) ?? [])
  const found = results.flatMap(({ verdict, log }) =>
    verdict.violations.filter((violation) => isBehind(kind, violation, log)),
  )
  const reported = results.flatMap(({ verdict, log }) =>
    verdict.losses.filter((loss) => isBehind(kind, loss, log)),
  )
  return {
    id: kind,
    fault,
    injected,
    times: cases.length,
    deliveries: cases.reduce(
      (sum, { each, result }) => sum + deliveriesUnder(each, result.lives),
      0,
    ),
    silent: updatesOf(found.filter(isSilent)),
    reported: reported.reduce((sum, { updates }) => sum + updates, 0),
    falseLosses: updatesOf(found.filter((violation) => !isSilent(violation))),
    healP50Ms: quantile(heals, 0.5),
    healP99Ms: quantile(heals, 0.99),
    figure: `time to heal measured ${heals.length} times`,
    met: found.length === 0,
  }
}

/**
 * Whether something is charged to a kind of fault: to the one that ended the life of its publisher;
 * else to every kind that hit its publisher or its subscriber, or a node.
 */
function isBehind(
  kind: FaultKind,
  { publisher, subscriber }: Pick<Violation, 'publisher' | 'subscriber'>,
  log: readonly Injected[],
): boolean {
  const isKill = (fault: Injected) =>
    /^(kill|low-marks)-/.test(fault.kind) && fault.lives[0] === publisher
  const kill = log.find(isKill)
  if (kill) return kill.kind === kind
  return log.some(
    (fault) =>
      fault.kind === kind &&
      (fault.nodes.length > 0 ||
        fault.lives.some((life) => life === publisher || life === subscriber)),
  )
}

export function tableOf(rows: readonly ResultRow[]): string {
  const heading = [
    'fault',
    'injected',
    'times',
    'deliveries',
    'silent',
    'reported',
    'false',
    'p50',
    'p99',
  ]
  const cells = rows.map((row) => [
    row.fault,
    row.injected,
    ...[row.times, row.deliveries, row.silent, row.reported, row.falseLosses].map(String),
    ...[row.healP50Ms, row.healP99Ms].map((ms) => (ms === null ? '–' : `${ms} ms`)),
  ])
  const all = [heading, ...cells]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function violationLines({ shape, seed, verdict, failures }: ShapeResult): string[] {
  const byRule = Map.groupBy(verdict.violations, ({ rule }) => rule)
  const lines = [...byRule].flatMap(([rule, violations]) => [
    `${shape} (seed ${seed}): ${rule}: ${updatesOf(violations)} updates, ${violations.length} times`,
    ...violations.slice(0, maxToldViolations).map(({ text }) => `    ${text}`),
  ])
  return [...lines, ...failures.map((failure) => `${shape} (seed ${seed}): ${failure}`)]
}
