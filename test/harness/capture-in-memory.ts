import { Client, type QueryResultRow } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { capture } from '../../src/database/capture/capture.ts'
import type { CaptureEvent } from '../../src/database/capture/capture-event.ts'
import {
  type CaptureLimits,
  defaultCaptureLimits,
} from '../../src/database/capture/capture-limits.ts'
import { openUpdateQueue } from '../../src/index.ts'
import type { Loss } from '../../src/model/loss.ts'
import type { Delivery, Update } from '../../src/model/update.ts'
import type { UpdateQueue } from '../../src/queue/update-queue.ts'
import { MemoryCluster } from '../../src/testing/index.ts'
import { eventually } from './eventually.ts'
import { Postgres } from './postgres.ts'

/** A capture that runs in the test's own process. */
export class RunningCapture {
  readonly events: CaptureEvent[] = []
  readonly ended: Promise<void>
  queue: UpdateQueue | null = null
  readonly #stop = new AbortController()
  #outcome: Error | 'running' | 'ended' = 'running'

  constructor(begin: (capture: RunningCapture, signal: AbortSignal) => Promise<void>) {
    this.ended = begin(this, this.#stop.signal).then(
      () => {
        this.#outcome = 'ended'
      },
      (error: Error) => {
        this.#outcome = error
      },
    )
  }

  get outcome(): Error | 'running' | 'ended' {
    return this.#outcome
  }

  get log(): string {
    return this.events.map(({ type, message }) => `${type}: ${message}`).join('\n')
  }

  async says(pattern: RegExp): Promise<void> {
    await eventually(
      () => `the capture says ${pattern}: ${this.log}`,
      () => {
        if (pattern.test(this.log)) return true
        if (this.#outcome !== 'running') throw new Error(`${this.log}\n${String(this.#outcome)}`)
        return false
      },
    )
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.ended
  }
}

/** What a subscriber was told. */
export class Received {
  readonly deliveries: Delivery[] = []

  get updates(): Update[] {
    return this.deliveries.flatMap((delivery) =>
      delivery.type === 'updates' ? delivery.updates : [],
    )
  }

  get losses(): Loss[] {
    return this.deliveries.flatMap((delivery) => (delivery.type === 'loss' ? delivery.losses : []))
  }

  async until(what: string, holds: (received: Received) => boolean): Promise<void> {
    const shown = () =>
      JSON.stringify(
        [this.updates.map(({ table, kind, record }) => [table, kind, record]), this.losses],
        (_, value) => (typeof value === 'bigint' ? String(value) : value),
      ).slice(-3000)
    await eventually(
      () => `${what}: ${shown()}`,
      () => holds(this),
    )
  }
}

/** A real database and captures of it, with a cluster in memory. */
export class CaptureInMemory implements AsyncDisposable {
  readonly postgres: Postgres
  readonly cluster = new MemoryCluster()
  readonly #clients: Client[] = []
  readonly #captures: RunningCapture[] = []
  readonly #queues: UpdateQueue[] = []

  private constructor(postgres: Postgres) {
    this.postgres = postgres
  }

  static async open(schema: string, settings: readonly string[] = []): Promise<CaptureInMemory> {
    const postgres = await Postgres.start(undefined, undefined, ['wal_level=logical', ...settings])
    const stage = new CaptureInMemory(postgres)
    await stage.query(schema)
    return stage
  }

  /** Another connection that knows nothing of us. */
  async connect(): Promise<Client> {
    const client = new Client(this.postgres.config)
    // It ends with the database.
    client.on('error', () => undefined)
    await client.connect()
    this.#clients.push(client)
    return client
  }

  async query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    const client = this.#clients[0] ?? (await this.connect())
    return (await client.query<Row>(sql, values)).rows
  }

  /** Where the slot is confirmed, and who has it; undefined: there is none. */
  async slot() {
    const rows = await this.query<{ confirmed: string; pid: number | null; kept: number }>(
      `select confirmed_flush_lsn::text as confirmed, active_pid as pid,
         pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 as kept from pg_replication_slots`,
    )
    return rows[0]
  }

  /** True when all that is written now is confirmed. */
  async isConfirmed(): Promise<boolean> {
    const rows = await this.query<{ all: boolean }>(
      'select confirmed_flush_lsn >= $1::pg_lsn as all from pg_replication_slots',
      [(await this.query<{ at: string }>('select pg_current_wal_lsn()::text as at'))[0]?.at],
    )
    return rows[0]?.all ?? false
  }

  /** `tables` null: those of the publication. */
  start(
    tables: readonly string[] | null,
    limits: Partial<CaptureLimits> = {},
    giveUpAtBytes: number | null = null,
  ): RunningCapture {
    const running = new RunningCapture((self, signal) =>
      capture({
        address: this.postgres.config,
        slot: 'tidings',
        tables,
        giveUpAtBytes,
        open: async (names) => {
          self.queue = await openUpdateQueue({
            process: `CAPTURE${this.#captures.length}`,
            transport: this.cluster.transport(),
            publishes: names,
          })
          return self.queue
        },
        on: (event) => self.events.push(event),
        signal,
        clock: systemClock,
        limits: { ...defaultCaptureLimits, reportMs: 50, slotAskMs: 50, lookMs: 100, ...limits },
      }),
    )
    this.#captures.push(running)
    return running
  }

  /** The same, when it is ready. */
  async started(...words: Parameters<CaptureInMemory['start']>): Promise<RunningCapture> {
    const running = this.start(...words)
    await running.says(/^ready: at /m)
    return running
  }

  async open(process: string): Promise<UpdateQueue> {
    const queue = await openUpdateQueue({ process, transport: this.cluster.transport() })
    this.#queues.push(queue)
    return queue
  }

  /** A subscriber of all tables that takes what it is told when `taken` resolves; ready. */
  async subscribe(
    process = 'SUBSCRIBER',
    taken: () => Promise<void> | void = () => undefined,
  ): Promise<Received> {
    const queue = await this.open(process)
    const received = new Received()
    await queue.subscribe('*', {
      onDelivery: async (delivery) => {
        received.deliveries.push(delivery)
        await taken()
      },
    }).ready
    return received
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#captures.map((running) => running.stop()))
    await Promise.all(this.#queues.map((queue) => queue.close()))
    await Promise.all(this.#clients.map((client) => client.end()))
  }
}
