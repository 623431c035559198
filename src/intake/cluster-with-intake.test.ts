import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { ClusterEvent } from '../cluster/cluster-event.ts'
import type { ClusterProcess } from '../cluster/cluster-process.ts'
import { ClusterWithIntake } from './cluster-with-intake.ts'
import { Intake } from './intake.ts'
import { RefusalReport } from './refusal-report.ts'

/** What `GENESIS_CLUSTER` is to its intake: it ends, by itself or when it is told to. */
class EndingCluster {
  readonly #ended = Promise.withResolvers<TidingsError | undefined>()
  readonly closed = this.#ended.promise

  end(error?: TidingsError): void {
    this.#ended.resolve(error)
  }

  close(): Promise<void> {
    this.end()
    return Promise.resolve()
  }
}

const never = new AbortController().signal
let ending: EndingCluster
let intake: Intake
let events: ClusterEvent[]
let refusals: RefusalReport
let node: ClusterWithIntake

beforeEach(async () => {
  ending = new EndingCluster()
  events = []
  const on = (event: ClusterEvent) => events.push(event)
  refusals = new RefusalReport(systemClock, on)
  intake = await Intake.open({ clock: systemClock, refused: () => {}, warn: () => {} })
  const cluster = ending as unknown as ClusterProcess
  const open = () => Promise.reject(new TidingsError('CLUSTER_UNREACHABLE', 'nobody answers'))
  node = new ClusterWithIntake({ cluster, intake, refusals, open, on })
})

afterEach(() => node.close())

it('fails with what ended GENESIS_CLUSTER before the bus had connected to the intake', async () => {
  const begun = node.begin(never)
  ending.end(new TidingsError('TRANSPORT_FAILED', 'a proxy has ended'))
  await expect(begun).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' })
  await expect(node.closed).resolves.toMatchObject({ code: 'TRANSPORT_FAILED' })
})

it('fails where GENESIS_CLUSTER was closed meanwhile', async () => {
  const begun = node.begin(never)
  ending.end()
  await expect(begun).rejects.toMatchObject({ code: 'CLOSED' })
})

it('is closed where its signal ends the start', async () => {
  const stop = new AbortController()
  const begun = node.begin(stop.signal)
  stop.abort()
  await expect(begun).rejects.toMatchObject({ code: 'ABORTED' })
  await expect(node.closed).resolves.toBeUndefined()
})

it('has told all refusals when it is closed', async () => {
  for (const count of [1, 2, 3]) refusals.add('TRADE', 'bad-json', count)
  await node.close()
  expect(events.map((event) => (event.type === 'refused' ? event.count : 0))).toEqual([1, 5])
})
