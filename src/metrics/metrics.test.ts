import { channel } from 'node:diagnostics_channel'
import { type OpenMetricsContentType, Registry } from 'prom-client'
import { expect, it, onTestFinished } from 'vitest'
import { openQueuePair, taken } from '../../test/harness/queue-pair.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { metricsText } from './metrics-text.ts'
import { prometheusText } from './prometheus-text.ts'
import { registerMetrics } from './register-metrics.ts'

interface Tables {
  TRADE: { id: number }
}

const insert = (id: number) => ({ table: 'TRADE', kind: 'insert', record: { id } }) as const

/** Two queues of which one has published and the other was delivered two updates. */
async function busyPair() {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const trades = subscriber.subscribe('TRADE', { onDelivery: () => undefined })
  await trades.ready
  metricsText(subscriber)
  publisher.publish([insert(1), insert(2)])
  await taken(publisher)
  return { publisher, subscriber }
}

it('the text has what was published and delivered, how long it took, and no incarnation', async () => {
  const { publisher, subscriber } = await busyPair()
  const text = metricsText(publisher, subscriber)
  const lines = text.split('\n')
  expect(lines).toContain('tidings_published_updates_total{process="P",table="TRADE"} 2')
  expect(lines).toContain('tidings_published_commits_total{process="P"} 1')
  expect(lines).toContain('tidings_delivered_updates_total{process="S",table="TRADE"} 2')
  expect(lines).toContain('tidings_delivery_delay_seconds_count{process="S"} 1')
  expect(lines).toContain('tidings_delivery_delay_seconds_bucket{process="S",le="+Inf"} 1')
  expect(lines).toContain('tidings_handler_duration_seconds_count{process="S"} 1')
  expect(lines).toContain('tidings_lag_seconds{process="S"} 0')
  expect(lines).toContain('tidings_publishers{process="S",state="live"} 1')
  expect(lines.filter((line) => line.startsWith('# TYPE tidings_lag_seconds'))).toHaveLength(1)
  expect(lines.filter((line) => line.startsWith('tidings_build_info'))).toHaveLength(1)
  for (const { identity } of [publisher, subscriber])
    expect(text).not.toContain(identity.incarnation)
})

it('a registry of prom-client answers with the same', async () => {
  const { publisher, subscriber } = await busyPair()
  const register = new Registry()
  registerMetrics(register, publisher)
  registerMetrics(register, subscriber)
  const steady = (text: string): string[] =>
    text.split('\n').filter((line) => line !== '' && !line.startsWith('tidings_retention_seconds'))
  expect(steady(await register.metrics())).toEqual(steady(metricsText(publisher, subscriber)))
  await publisher.close()
  expect(await register.metrics()).not.toContain('process="P"')
  await subscriber.close()
  expect(await register.metrics()).toBe('\n')
})

it('a registry of OpenMetrics has the ending of counters once', async () => {
  const { publisher } = await busyPair()
  const register = new Registry<OpenMetricsContentType>()
  register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  registerMetrics(register, publisher)
  const text = await register.metrics()
  expect(text).toContain('# TYPE tidings_published_updates counter\n')
  expect(text).toContain('\ntidings_published_updates_total{process="P",table="TRADE"} 2\n')
  expect(text).not.toContain('total_total')
})

it('nobody listens to a queue before its figures are asked for, nor when it is closed', async () => {
  const { publisher, subscriber } = await openQueuePair<Tables>()
  const deliveries = channel('tidings:delivery')
  expect(deliveries.hasSubscribers).toBe(false)
  metricsText(publisher, subscriber)
  expect(deliveries.hasSubscribers).toBe(true)
  await Promise.all([publisher.close(), subscriber.close()])
  expect(deliveries.hasSubscribers).toBe(false)
})

it('the name of a script stands without its random instance', async () => {
  const { openUpdateQueue } = await import('../queue/open-update-queue.ts')
  const { MemoryCluster } = await import('../transport/memory/meeting/memory-cluster.ts')
  const transport = new MemoryCluster().transport()
  const queue = await openUpdateQueue<Tables>({ script: 'LOAD', transport })
  onTestFinished(() => queue.close())
  expect(metricsText(queue)).toContain('tidings_ready{process="LOAD"} 1\n')
})

it('what a text of Prometheus cannot hold is escaped', () => {
  const samples = [{ labels: { table: 'A"B\\C\nD\ud800' }, value: 1 }]
  expect(prometheusText([{ name: 'n', help: 'a\\b\nc', type: 'gauge', samples }])).toBe(
    '# HELP n a\\\\b\\nc\n# TYPE n gauge\nn{table="A\\"B\\\\C\\nD\ufffd"} 1\n',
  )
})

it('a histogram counts each duration in its bucket and all above', () => {
  const histogram = new DurationHistogram()
  for (const seconds of [0, 0.0005, 0.3, 60]) histogram.observe(seconds)
  const { samples } = histogram.figure('n', 'h', {})
  const count = (le: string): number | undefined =>
    samples.find(({ suffix, labels }) => suffix === '_bucket' && labels['le'] === le)?.value
  expect([count('0.0005'), count('0.25'), count('0.5'), count('10'), count('+Inf')]).toEqual([
    2, 2, 3, 3, 4,
  ])
  expect(samples.at(-2)).toEqual({ suffix: '_sum', labels: {}, value: 60.3005 })
})
