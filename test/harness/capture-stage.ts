import { Client, type QueryResultRow } from 'pg'
import type { Loss } from '../../src/model/loss.ts'
import type { Child } from './child.ts'
import { eventually } from './eventually.ts'
import { Postgres } from './postgres.ts'
import { command, TestCluster } from './test-cluster.ts'

/** An update or a loss as `tidings tail` prints it. */
export interface TailLine {
  readonly table?: string
  readonly kind?: string
  readonly record?: Readonly<Record<string, unknown>>
  readonly before?: Readonly<Record<string, unknown>>
  readonly version?: string | number
  readonly commit?: number
  readonly publisher?: { readonly incarnation: string }
  readonly loss?: Loss
}

/** A database, a cluster, and what is between them. */
export class CaptureStage implements AsyncDisposable {
  readonly postgres: Postgres
  readonly cluster: TestCluster
  /** A connection that knows nothing of us. */
  readonly client: Client

  private constructor(postgres: Postgres, cluster: TestCluster, client: Client) {
    this.postgres = postgres
    this.cluster = cluster
    this.client = client
  }

  /** `schema`: SQL that is run before anything else. */
  static async open(schema: string, settings: readonly string[] = []): Promise<CaptureStage> {
    const [postgres, cluster] = await Promise.all([
      Postgres.start(undefined, undefined, ['wal_level=logical', ...settings]),
      TestCluster.start('mesh', 1),
    ])
    const stage = new CaptureStage(postgres, cluster, new Client(postgres.config))
    // It ends with the database.
    stage.client.on('error', () => undefined)
    await stage.client.connect()
    await stage.client.query(schema)
    return stage
  }

  /** `tidings capture postgres`, with further words. */
  capture(...words: readonly string[]): Child {
    return this.cluster.program([
      command,
      'capture',
      'postgres',
      '--url',
      this.postgres.url,
      ...words,
    ])
  }

  /** The same, when it is ready. */
  async startCapture(...words: readonly string[]): Promise<Child> {
    const child = this.capture(...words)
    await child.says(/^ready at [0-9A-F]+\/[0-9A-F]+/m)
    return child
  }

  /** `tidings tail` of all tables, when it is ready: another process. */
  async tail(): Promise<Tail> {
    const child = this.cluster.program([command, 'tail'])
    await child.says(/^ready/m)
    return new Tail(child)
  }

  async query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    return (await this.client.query<Row>(sql, values)).rows
  }

  /** Where the slot is confirmed, and whether somebody has it; undefined: there is none. */
  async slot(): Promise<{ confirmed: string; active: boolean } | undefined> {
    const [slot] = await this.query<{ confirmed: string; active: boolean }>(
      'select confirmed_flush_lsn::text as confirmed, active from pg_replication_slots',
    )
    return slot
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.end()
  }
}

/** What another process of the cluster is told. */
export class Tail {
  readonly child: Child

  constructor(child: Child) {
    this.child = child
  }

  get lines(): TailLine[] {
    return this.child.lines.map((line) => JSON.parse(line) as TailLine)
  }

  get updates(): TailLine[] {
    return this.lines.filter(({ loss }) => loss === undefined)
  }

  get losses(): Loss[] {
    return this.lines.flatMap(({ loss }) => loss ?? [])
  }

  /** Waits until so many updates have come. */
  async until(count: number): Promise<TailLine[]> {
    await eventually(
      () => `${count} updates: ${this.child.output}`,
      () => this.updates.length >= count,
    )
    return this.updates
  }
}
