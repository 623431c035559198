import { inBackground } from '../../base/background.ts'
import { pause, systemClock, type Timer } from '../../base/clock.ts'
import { queueTable } from '../changed-table.ts'
import { installedTables } from './installed-tables.ts'
import type { PgNewClient } from './pg-parts.ts'
import { triggerNames } from './trigger-names.ts'

/** What the listener tells. */
export interface BypassHandlers {
  /** The tables that have triggers, now and whenever others have. Resolves when the queue knows of them. */
  installed(tables: readonly string[]): Promise<void>
  /** These tables were changed by somebody who does not publish, or may have been. False: it could not be told, since the queue is closing. */
  changed(tables: readonly string[], why: string): boolean
  failed(error: unknown): void
}

/** How often it is seen to that somebody of the node listens, and which tables have triggers, milliseconds. */
const lookMs = 2_000
/** The pause after a connection that failed, milliseconds. */
const retryMs = 1_000
/** A table that is changed without a pause is told of so often, milliseconds: subscribers read it each time. */
const gatherMs = 100
/** What was heard while another process had to tell it, this one tells if it takes over within so long, milliseconds. */
const rememberedMs = 60_000
/** Who was to tell and has stood still for so long, seconds, has to give way to another process. */
const standsStillSeconds = 15

const setUp = `
  set tcp_keepalives_idle = 5; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
  set application_name = 'tidings listener';
  listen ${triggerNames.channel}`

const lockKey = `hashtextextended('tidings listener ' || $1, 0)`

/** Ends the connection of a process that has the lock and asks for nothing any more: it stands still. */
const relieve = `
  select pg_terminate_backend(a.pid)
  from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'advisory' and l.granted and l.database = (select oid from pg_database where datname = current_database())
    and (l.classid::bigint << 32 | l.objid::bigint) = ${lockKey} and l.objsubid = 1
    and a.state_change < clock_timestamp() - interval '${standsStillSeconds} seconds'`

/**
 * Hears of changes that no adapter publishes: of sessions without it, and of TRUNCATE. Each process listens on a connection of
 * its own, and one of them tells what it hears: who has the lock of this name in the database. Where nobody can have
 * listened all the time, all tables may have changed.
 */
export class BypassListener {
  readonly #connect: () => PgNewClient
  readonly #lock: string
  readonly #handlers: BypassHandlers
  readonly #end = new AbortController()
  readonly #running: Promise<void>
  #isTelling = false
  /** To be told when `#gathering` is over: what was notified of each table. */
  readonly #changed = new Map<string, string>()
  /** What could not be told: another process has to. */
  readonly #untold = new Map<string, string>()
  #gathering: Timer | null = null
  /** Heard while another process had to tell it: when, and what was notified. */
  readonly #heard = new Map<string, { readonly at: number; readonly payload: string }>()

  /** `connect`: makes a client that is not connected yet. */
  constructor(connect: () => PgNewClient, lock: string, handlers: BypassHandlers) {
    this.#connect = connect
    this.#lock = lock
    this.#handlers = handlers
    this.#running = this.#run()
    inBackground(this.#running, (error) => handlers.failed(error))
  }

  async close(): Promise<void> {
    this.#end.abort()
    this.#gathering?.cancel()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      try {
        await this.#listen(signal)
      } catch (error) {
        if (!signal.aborted) this.#handlers.failed(error)
      }
      this.#isTelling = false
      await pause(retryMs, signal)
    }
  }

  /** Until it is to end. Throws when the connection is lost. */
  async #listen(signal: AbortSignal): Promise<void> {
    const client = this.#connect()
    const lost = new AbortController()
    const isOver = AbortSignal.any([signal, lost.signal])
    client.on('error', (error: Error) => lost.abort(error))
    client.on('notification', ({ payload = '' }: { payload?: string }) =>
      this.#onNotification(payload),
    )
    await client.connect()
    try {
      await client.query(setUp)
      let tables = await this.#look(client)
      // Who does not get it knows that somebody else has listened all the time.
      if (await this.#takesLock(client))
        this.#handlers.changed(tables, 'nobody listened before for changes by other programs')
      while (!isOver.aborted) {
        await pause(lookMs, isOver)
        if (isOver.aborted) break
        tables = await this.#look(client)
        if (!this.#isTelling && (await this.#takesLock(client))) this.#tellHeard()
      }
      lost.signal.throwIfAborted()
    } finally {
      if (signal.aborted) await this.#handOver(client).catch(() => undefined)
      await client.end().catch(() => undefined)
    }
  }

  async #look(client: PgNewClient): Promise<string[]> {
    const tables = await installedTables(client)
    await this.#handlers.installed(tables)
    return tables
  }

  async #takesLock(client: PgNewClient): Promise<boolean> {
    const { rows } = await client.query(`select pg_try_advisory_lock(${lockKey}) as has`, [
      this.#lock,
    ])
    this.#isTelling = rows[0]?.['has'] === true
    if (!this.#isTelling) await client.query(relieve, [this.#lock])
    return this.#isTelling
  }

  /**
   * Notifies what is not told yet once more, and lets the lock go in the same transaction: a process that listens by then
   * hears it, and one that listens later finds the lock free, so that it tells of all tables.
   */
  async #handOver(client: PgNewClient): Promise<void> {
    const payloads = [...new Map([...this.#untold, ...this.#changed]).values()]
    if (!this.#isTelling || payloads.length === 0) return
    this.#isTelling = false
    await client.query(
      `with free as materialized (select pg_advisory_unlock(${lockKey}))
       select pg_notify('${triggerNames.channel}', payload) from free, unnest($2::text[]) payload`,
      [this.#lock, payloads],
    )
  }

  #onNotification(payload: string): void {
    const table = tableIn(payload)
    if (table === null) return
    if (!this.#isTelling) {
      this.#heard.set(table, { at: systemClock.now(), payload })
      return
    }
    this.#changed.set(table, payload)
    if (!this.#gathering) this.#tell()
  }

  #tell(): void {
    this.#gathering = null
    if (this.#changed.size === 0) return
    const changed = [...this.#changed]
    this.#changed.clear()
    this.#gathering = systemClock.after(gatherMs, () => this.#tell())
    const tables = changed.map(([table]) => table)
    const why = 'changed by a program that does not publish, or truncated'
    if (this.#handlers.changed(tables, why)) return
    for (const [table, payload] of changed) this.#untold.set(table, payload)
  }

  #tellHeard(): void {
    const since = systemClock.now() - rememberedMs
    for (const [table, { at, payload }] of this.#heard)
      if (at >= since) this.#changed.set(table, payload)
    this.#heard.clear()
    if (!this.#gathering) this.#tell()
  }
}

/** Null: whatever it says, it is not from our triggers. */
function tableIn(payload: string): string | null {
  try {
    const [schema, name] = JSON.parse(payload) as unknown[]
    return typeof schema === 'string' && typeof name === 'string' ? queueTable(schema, name) : null
  } catch {
    return null
  }
}
