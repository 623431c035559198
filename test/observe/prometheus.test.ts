// A real Prometheus, its promtool, and the files of monitoring/.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { clusterFigures } from '../../src/metrics/cluster-figures.ts'
import { prometheusText } from '../../src/metrics/prometheus-text.ts'
import { metricsContentType, metricsText } from '../../src/metrics/index.ts'
import { openUpdateQueue, type UpdateQueue } from '../../src/index.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { linkedSnapshot } from '../harness/linked-snapshot.ts'
import { openQueuePair, taken } from '../harness/queue-pair.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

const hasPrometheus = available('figures, read by Prometheus', 'prometheus')
const alerts = join(repository, 'monitoring', 'tidings-alerts.yml')
const insert = (table: string) => ({ table, kind: 'insert', record: { id: 1 } }) as const

endProcessesAfterEach()

const promtool = (words: readonly string[], input = ''): string =>
  execFileSync('promtool', words, { input, encoding: 'utf8', cwd: join(import.meta.dirname) })

/** The queries of the dashboard, with what Grafana puts in the place of its variables. */
function queriesOfDashboard(): string[] {
  const file = join(repository, 'monitoring', 'tidings-dashboard.json')
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: { targets: { expr: string }[] }[]
  }
  return panels
    .flatMap(({ targets }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$process', '.*'))
}

/** All that there are. */
function clusterFiguresOfAll() {
  const told = { warnings: 0, refusedRegistrations: 0, refusedMessages: new Map([['oversize', 1]]) }
  const snapshot = linkedSnapshot()
  return clusterFigures({ node: snapshot.node, isReady: true, told, snapshot })
}

const figuresIn = (text: string): string[] =>
  [...text.matchAll(/\btidings_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))

it('the files of monitoring name figures of a queue or of GENESIS_CLUSTER, and no others', async () => {
  const { publisher } = await openQueuePair()
  const known = new Set([...metricsText(publisher).matchAll(/^# TYPE (\w+)/gm)].map(([, n]) => n))
  for (const { name } of clusterFiguresOfAll()) known.add(name)
  const told = [
    ...figuresIn(readFileSync(alerts, 'utf8')),
    ...figuresIn(queriesOfDashboard().join('\n')),
  ]
  expect(told.length).toBeGreaterThan(15)
  expect(told.filter((name) => !known.has(name))).toEqual([])
})

it('each alert is tried: it fires, and it lets others alone', () => {
  const namesIn = (file: string, key: RegExp): string[] =>
    [...new Set([...readFileSync(file, 'utf8').matchAll(key)].map(([, name = '']) => name))].sort()
  const tried = namesIn(join(import.meta.dirname, 'alerts.yml'), /alertname: (\w+)/g)
  expect(tried).toEqual(namesIn(alerts, /alert: (\w+)/g))
})

it.runIf(hasPrometheus)(
  'promtool finds nothing wrong with figures, alerts and dashboard',
  async () => {
    const { publisher, subscriber } = await openQueuePair<Record<string, { id: number }>>()
    const all = subscriber.subscribe('*', { onDelivery: () => undefined })
    await all.ready
    publisher.publish(insert('A "quoted"\n name'))
    publisher.reset('A', { reason: 'restored' })
    await taken(publisher)
    expect(promtool(['check', 'metrics'], metricsText(publisher, subscriber))).toBe('')
    expect(promtool(['check', 'metrics'], prometheusText(clusterFiguresOfAll()))).toBe('')
    expect(promtool(['check', 'rules', alerts])).toContain('SUCCESS')
    expect(promtool(['test', 'rules', 'alerts.yml'])).toContain('SUCCESS')
    const rules = queriesOfDashboard().map((expr, place) => ({ record: `q${place}`, expr }))
    const file = join(scratchDirectory(), 'queries.json')
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    expect(promtool(['check', 'rules', file])).toContain('SUCCESS')
  },
)

/** An application's own server: the address at which its figures are. */
async function serve(...queues: readonly UpdateQueue[]): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader('Content-Type', metricsContentType).end(metricsText(...queues))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Starts Prometheus, which asks there each second and judges the alerts; resolves with what asks it. */
async function prometheusOf(target: string): Promise<(path: string) => Promise<unknown>> {
  const folder = scratchDirectory()
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [alerts],
    scrape_configs: [{ job_name: 'application', static_configs: [{ targets: [target] }] }],
  }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration))
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const child = new Child({
    name: 'prometheus',
    program: 'prometheus',
    arguments: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ipc: false,
  })
  await child.says(/Server is ready to receive web requests/)
  return async (path) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
    return ((await answer.json()) as { data: unknown }).data
  }
}

it.runIf(hasPrometheus)(
  'Prometheus reads the figures of a process of a cluster, and a loss fires its alert',
  async () => {
    const { definition, nodes } = await TestCluster.start('proxy', 1)
    const host = nodes[0]?.host ?? ''
    const memory = new MemoryCluster()
    const opened: UpdateQueue[] = []
    onTestFinished(async () => {
      for (const queue of opened.toReversed()) await queue.close()
    })
    const open = async (options: Parameters<typeof openUpdateQueue>[0]): Promise<UpdateQueue> => {
      const queue = await openUpdateQueue(options)
      opened.push(queue)
      return queue
    }
    const publisher = await open({ process: 'PUBLISHER', definition, host })
    const subscriber = await open({ process: 'SUBSCRIBER', definition, host })
    const loser = await open({ process: 'LOSER', transport: memory.transport() })
    const lost = await open({ process: 'LOST', transport: memory.transport() })
    for (const queue of [subscriber, lost])
      await queue.subscribe('TRADE', { onDelivery: () => undefined }).ready
    const ask = await prometheusOf(await serve(publisher, subscriber, lost))
    const valueOf = async (query: string): Promise<number> => {
      const { result } = (await ask(`query?query=${encodeURIComponent(query)}`)) as {
        result: { value: [number, string] }[]
      }
      return Number(result[0]?.value[1])
    }
    await eventually('it has asked', async () => (await valueOf('up')) === 1)
    publisher.publish([insert('TRADE'), insert('TRADE')])
    await taken(publisher)
    const delivered = 'tidings_delivered_updates_total{process="SUBSCRIBER",table="TRADE"}'
    await eventually('it has the updates', async () => (await valueOf(delivered)) === 2)
    const delays = 'tidings_delivery_delay_seconds_count{process="SUBSCRIBER"}'
    expect(await valueOf(delays)).toBe(1)
    const firing = async (): Promise<unknown[]> => {
      const told = (await ask('alerts')) as {
        alerts: { state: string; labels: Record<string, string> }[]
      }
      return told.alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => [labels['alertname'], labels['process']])
    }
    expect(await firing()).toEqual([])
    await memory.lose(loser, () => loser.publish(insert('TRADE')))
    await eventually('an alert fires', async () => (await firing()).length > 0)
    expect(await firing()).toEqual([['TidingsLoss', 'LOST']])
  },
)
