import type { Report } from '../harness/application-message.ts'
import type { Shape } from '../harness/definition-file.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import type { Application } from '../harness/application.ts'

/** Application processes of a run, spread over its nodes; of each third the first publishes. */
const processes = 9
const publishers = 3

/** How long everything may take to arrive, milliseconds for each update delivered, and at least. */
const withinMsPerDelivery = 0.1
const leastWithinMs = 300_000

export interface TopologyResult {
  readonly shape: Shape
  readonly nodes: number
  readonly updates: number
  readonly deliveries: number
  readonly expectedDeliveries: number
  readonly duplicates: number
  readonly outOfOrder: number
  readonly wrong: number
  readonly torn: number
  /** Updates reported lost or passed over without a word. */
  readonly lost: number
  readonly unconfirmed: number
  readonly seconds: number
}

/**
 * Nine processes, all of which subscribe to everything and three of which publish `updates` each as
 * fast as they can.
 */
export async function runTopology(shape: Shape, updates: number): Promise<TopologyResult> {
  const cluster = await TestCluster.start(shape)
  const applications = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      cluster.open(`PROCESS_${index}`, {}, index % cluster.nodes.length),
    ),
  )
  const publishing = applications.slice(0, publishers)
  await Promise.all(applications.map((application) => application.subscribe('*')))
  const began = performance.now()
  const all = publishers * updates
  const [flushed] = await Promise.all([
    Promise.all(publishing.map((application) => application.publish(updates))),
    receiveAll(applications, all),
  ])
  const seconds = (performance.now() - began) / 1000
  await Promise.all(applications.map((application) => application.close()))
  // What comes twice may come late: the verdict is the one after everybody has left in good order.
  const late = await Promise.all(applications.map((application) => application.report()))
  const unconfirmed = flushed.reduce((sum, { missing }) => sum + missing, 0)
  return {
    shape,
    nodes: cluster.nodes.length,
    updates: all,
    expectedDeliveries: all * applications.length,
    ...count(late),
    unconfirmed,
    seconds,
  }
}

function receiveAll(applications: readonly Application[], updates: number): Promise<Report[]> {
  const deliveries = updates * applications.length
  const withinMs = Math.max(leastWithinMs, deliveries * withinMsPerDelivery)
  return Promise.all(applications.map((each) => each.receives({ updates }, withinMs)))
}

function count(reports: readonly Report[]) {
  const streams = reports.flatMap((report) => report.streams)
  const sum = (of: (stream: (typeof streams)[number]) => number) =>
    streams.reduce((total, stream) => total + of(stream), 0)
  return {
    deliveries: sum(({ received }) => received),
    duplicates: sum(({ duplicates }) => duplicates),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    wrong: sum(({ wrong }) => wrong),
    torn: reports.reduce((total, { torn }) => total + torn, 0),
    lost:
      sum(({ missing, first }) => missing + first - 1) +
      reports.reduce((total, { losses }) => total + losses.length, 0),
  }
}
