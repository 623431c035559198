import { describe, expect, it } from 'vitest'
import { throughputChart } from './chart.ts'
import type { BenchResults, Series } from './results.ts'
import { resultsPage } from './results.ts'
import type { Outcome } from './run.ts'

const outcome = (perSecond: number, change: Partial<Outcome> = {}): Outcome => ({
  updates: 1000,
  perSecond,
  cpuSecondsPerMillion: 2,
  memory: { publisher: 100, subscriber: 90, server: null },
  lost: 0,
  latency: null,
  ...change,
})

const series = (title: string, outcomes: readonly Outcome[], change: Partial<Series> = {}) => ({
  peer: title.toLowerCase(),
  title,
  workload: '1 → 1',
  type: 'throughput' as const,
  outcomes,
  repeats: outcomes.map((_, repeat) => repeat),
  ...change,
})

const ours = series('Tidings, mesh', [outcome(1_000_000), outcome(3_000_000), outcome(2_000_000)])
const theirs = series('NATS', [
  outcome(100_000, { memory: { publisher: 50, subscriber: 60, server: 20 } }),
  outcome(200_000, { lost: 7 }),
  outcome(400_000),
])

const page = (change: Partial<BenchResults>): string[] =>
  resultsPage({
    startedAt: '2030-01-01T00:00:00.000Z',
    options: '--quick',
    machine: '2 × processor',
    versions: ['node v24.0.0'],
    missing: [],
    failures: [],
    series: [ours, theirs],
    ...change,
  }).split('\n')

describe('the page of results', () => {
  it('has medians with bounds, ratios pair by pair, memory and what was lost', () => {
    const lines = page({})
    expect(lines).toContain('## 1 → 1')
    expect(lines).toContain(
      '| Tidings, mesh | 2,000,000 (1,000,000 … 3,000,000) | 1 | 2.00 (2.00 … 2.00) | 100 / 90 / – | 0 |',
    )
    expect(lines).toContain(
      '| NATS | 200,000 (100,000 … 400,000) | 10.00 (5.00 … 15.00) | 2.00 (2.00 … 2.00) | 100 / 90 / 20 | 7 |',
    )
  })

  it('pairs what is of one repetition where a run of another failed', () => {
    const lines = page({
      series: [ours, series('NATS', [outcome(1_000_000)], { repeats: [1] })],
      failures: ['1 → 1, NATS: it stood still'],
    })
    expect(lines.join('\n')).toContain('| 3.00 (3.00 … 3.00) |')
    expect(lines).toContain('- 1 → 1, NATS: it stood still')
  })

  it('has the targets, met or not', () => {
    const workload = '1 → 1: 15 fields, one field read'
    const [mesh, nats] = [
      { ...ours, peer: 'mesh', workload },
      { ...theirs, peer: 'nats', workload },
    ]
    const row = (lines: string[]) => lines.find((line) => line.startsWith('| Tidings ÷ NATS |'))
    const fast = {
      ...mesh,
      outcomes: ours.outcomes.map(({ perSecond }) => outcome(1.2 * perSecond)),
    }
    expect(row(page({ series: [fast, nats] }))).toBe(
      `| Tidings ÷ NATS | ${workload} | ≥ 12 | 12.00 (6.00 … 18.00) | yes |`,
    )
    expect(row(page({ series: [mesh, nats] }))).toContain('| **no** |')
  })

  it('says that it is incomplete, and for lack of what', () => {
    expect(page({}).join('\n')).not.toContain('Incomplete')
    const lines = page({ missing: ['Redis: redis-server'] })
    expect(lines).toContain('**Incomplete.** Left out, for lack of what they need:')
    expect(lines).toContain('- Redis: redis-server')
  })

  it('has a table of percentiles where latency was taken', () => {
    const latency = { p50: 0.1, p99: 1.5, p999: 4.25 }
    const lines = page({
      series: [
        series('NATS', [outcome(1, { latency })], {
          type: 'latency',
          workload: 'Latency at 1,000',
        }),
      ],
    })
    expect(lines).toContain(
      '| NATS | 0.10 (0.10 … 0.10) | 1.50 (1.50 … 1.50) | 4.25 (4.25 … 4.25) | 2.00 | 0 |',
    )
  })

  it('keeps each workload in a table of its own', () => {
    const other = series('NATS', [outcome(5)], { workload: '1 → 8' })
    const headings = page({ series: [ours, theirs, other] }).filter((line) =>
      line.startsWith('## '),
    )
    expect(headings).toEqual(['## 1 → 1', '## 1 → 8'])
  })
})

describe('the chart', () => {
  const chart = throughputChart('Updates <a second>', [theirs, ours])

  it('draws bars as long as medians are high, the fastest first', () => {
    const bars = [...chart.matchAll(/<rect x="\d+" y="(\d+)" width="(\d+)" height="22"/g)]
    const [first, second] = bars.map(([, y, length]) => ({ y: Number(y), length: Number(length) }))
    expect(bars).toHaveLength(2)
    expect(first?.length).toBe((second?.length ?? 0) * 10)
    expect(first?.y).toBeLessThan(second?.y ?? 0)
    expect(chart.indexOf('Tidings, mesh')).toBeLessThan(chart.indexOf('NATS'))
  })

  it('writes values, and text that no markup comes from', () => {
    expect(chart).toContain('>2,000,000</text>')
    expect(chart).toContain('Updates &lt;a second&gt;')
    expect(chart).not.toContain('<a second>')
  })
})
