import { type Clock, pause } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { type DatabaseAddress, sqlStateOf } from '../pg-client.ts'
import { queueTableOf } from '../changed-table.ts'
import type { TellCapture } from './capture-event.ts'
import type { CaptureLimits } from './capture-limits.ts'
import {
  alterationOf,
  createSlot,
  creationOf,
  dropSlot,
  duplicateObject,
  objectInUse,
  publishedTables,
  queryCanceled,
  readSlot,
  type SlotState,
  undefinedObject,
} from './capture-slot.ts'
import type { TableEntry } from './captured-tables.ts'
import { ReplicationStream, type StreamHandlers } from './replication-stream.ts'
import type { ControlConnection } from './control-connection.ts'

export interface AcquisitionParts {
  readonly address: DatabaseAddress
  readonly control: ControlConnection
  readonly clock: Clock
  readonly limits: CaptureLimits
  readonly slot: string
  readonly entries: readonly TableEntry[]
  readonly tell: TellCapture
  readonly signal: AbortSignal
  /** Called before the slot is made: if this process dies then, subscribers of its tables are told. */
  readonly beforeCreation: () => Promise<void>
  /** What commits does not come yet, and has not come for long: all tables are to be read again. */
  readonly onBlind: (reason: string) => void
  /** The slot was made: all tables are to be read again when its stream stands. */
  readonly onCreated: (reason: string) => void
}

/** Who has the slot captures: it is the lock between several captures. Makes it where there is none. */
export class SlotAcquisition {
  readonly #parts: AcquisitionParts
  #isWaiting = false
  #position = ''

  constructor(parts: AcquisitionParts) {
    this.#parts = parts
  }

  /** Where the stream begins. */
  get position(): string {
    return this.#position
  }

  /** The stream of the slot, when no other capture has it; null: the signal has aborted. */
  async stream(handlers: StreamHandlers): Promise<ReplicationStream | null> {
    const { control, limits, signal, slot } = this.#parts
    while (!signal.aborted) {
      const state = await readSlot(control, slot)
      if (!state) await this.#create('its changes are captured from here on')
      else if (state.isLost) await this.#replace()
      else {
        const stream = await this.#start(state, handlers)
        if (stream) return stream
        await pause(limits.slotAskMs, signal)
      }
    }
    return null
  }

  /** Tables that were not published before: what changed in them until now did not come. */
  async publishTables(): Promise<TableEntry[]> {
    const { control, entries, slot } = this.#parts
    const published = await publishedTables(control, slot)
    if (!published) {
      await this.#run(creationOf(slot, entries))
      return [...entries]
    }
    const added = entries.filter(({ oid }) => !published.includes(oid))
    if (added.length > 0 || published.length !== entries.length)
      await this.#run(alterationOf(slot, entries))
    return added
  }

  async #start(state: SlotState, handlers: StreamHandlers): Promise<ReplicationStream | null> {
    const { address, clock, limits, slot } = this.#parts
    await this.#checkSlot(state)
    if (state.activePid !== null) return this.#wait(state.activePid)
    const { serverWaitsMs } = limits
    this.#position = state.confirmed
    try {
      const options = { slot, publication: slot, serverWaitsMs, clock }
      return await ReplicationStream.start(address, options, handlers)
    } catch (error) {
      if (sqlStateOf(error) === objectInUse) return this.#wait(null)
      if (sqlStateOf(error) === undefinedObject) return null
      throw error
    }
  }

  #wait(pid: number | null): null {
    if (!this.#isWaiting)
      this.#parts.tell(
        'waiting',
        `another capture has the slot ${this.#parts.slot}${pid === null ? '' : ` (process ${pid} of the database)`}: this one takes over when that ends`,
      )
    this.#isWaiting = true
    return null
  }

  async #checkSlot({ database, plugin }: SlotState): Promise<void> {
    const { control, slot } = this.#parts
    const { rows } = await control.query<{ readonly here: string }>(
      'select current_database()::text as here',
    )
    const here = rows[0]?.here ?? ''
    if (plugin === 'pgoutput' && database === here) return
    throw new TidingsError(
      'DATABASE_REFUSED',
      `the slot ${slot} is of the database ${database} and the plugin ${plugin}, not of ${here} and pgoutput: name another one with --slot`,
    )
  }

  async #replace(): Promise<void> {
    const { control, slot, tell } = this.#parts
    const reason = `the database has thrown away what the slot ${slot} needed (max_slot_wal_keep_size)`
    tell('warning', reason)
    await this.#parts.beforeCreation()
    await dropSlot(control, slot)
    await this.#create(reason)
  }

  async #create(reason: string): Promise<void> {
    const { control, limits, signal, slot, tell } = this.#parts
    await this.#parts.beforeCreation()
    await this.publishTables()
    tell('note', `makes the slot ${slot}, as soon as the transactions that run now have ended`)
    while (!signal.aborted) {
      await control.query(`set statement_timeout = ${limits.creationWaitsMs}`)
      try {
        if (await createSlot(control, slot)) this.#parts.onCreated(reason)
        return
      } catch (error) {
        if (sqlStateOf(error) !== queryCanceled) throw error
        tell('waiting', await this.#oldestTransaction())
        this.#parts.onBlind('changes do not come until a long transaction has ended')
      } finally {
        await control.query('reset statement_timeout')
      }
    }
  }

  async #oldestTransaction(): Promise<string> {
    const { rows } = await this.#parts.control.query<{ readonly text: string }>(
      `select format('process %s (%s), since %s', pid, coalesce(nullif(application_name, ''), usename), xact_start) as text
       from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid() order by xact_start limit 1`,
    )
    return `the slot cannot be made before a transaction has ended: ${rows[0]?.text ?? 'a prepared one'}`
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.#parts.control.query(sql)
    } catch (error) {
      // Another capture has begun at the same time.
      if (sqlStateOf(error) === duplicateObject) return
      throw new TidingsError(
        'DATABASE_REFUSED',
        `the publication ${this.#parts.slot} of ${this.#parts.entries.map(queueTableOf).join(', ')} cannot be made: ${(error as Error).message}; let the owner of the tables run: ${sql}`,
        { cause: error },
      )
    }
  }
}
