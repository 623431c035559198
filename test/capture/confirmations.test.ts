import { expect, it } from 'vitest'
import { liveTable } from '../../src/live/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { CaptureInMemory } from '../harness/capture-in-memory.ts'
import { eventually } from '../harness/eventually.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

const schema = 'create table trade (id int primary key, price int)'

it.runIf(isThere)(
  'to the database is confirmed what subscribers have taken, and no more; all the rest comes again with its version',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const first = await stage.started(['trade'], { drainMs: 50 })
    const gate = Promise.withResolvers<void>()
    const slow = await stage.subscribe('SLOW', () => gate.promise)
    const fast = await stage.subscribe('FAST')
    const before = await stage.slot()
    await stage.query('insert into trade values (1, 1)')
    await stage.query('insert into trade values (2, 1)')
    await fast.until('both rows', ({ updates }) => updates.length === 2)
    await slow.until('the first', ({ updates }) => updates.length > 0)
    await first.stop()
    // Not even when it ends: it waited for so long, and somebody has not taken them.
    expect((await stage.slot())?.confirmed).toBe(before?.confirmed)
    const second = await stage.started(['trade'])
    await fast.until('both again', ({ updates }) => updates.length === 4)
    const [one, two, again, andTwo] = fast.updates
    expect([again?.version, andTwo?.version]).toEqual([one?.version, two?.version])
    expect([again?.record, andTwo?.record]).toEqual([one?.record, two?.record])
    gate.resolve()
    await eventually('all is confirmed', () => stage.isConfirmed())
    await second.stop()
    await stage.started(['trade'])
    await stage.query('insert into trade values (3, 1)')
    await fast.until('the next', ({ updates }) =>
      updates.some(({ record }) => (record as { id: number }).id === 3),
    )
    expect(fast.updates).toHaveLength(5)
    // Ends in good order are no losses.
    expect(fast.losses).toEqual([])
  },
)

it.runIf(isThere)(
  'a live table takes what comes twice once, and stays as the database',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const first = await stage.started(['trade'], { drainMs: 50 })
    const gate = Promise.withResolvers<void>()
    await stage.subscribe('SLOW', () => gate.promise)
    const queue = await stage.open('VIEW')
    await using trades = await liveTable(queue, {
      table: 'trade',
      key: 'id',
      read: async () => {
        const [at] = await stage.query<{ version: string }>(
          `select (pg_current_wal_insert_lsn() - '0/0')::text as version`,
        )
        return { rows: await stage.query('select * from trade'), version: BigInt(at?.version ?? 0) }
      },
    })
    await stage.query('insert into trade values (1, 1)')
    await stage.query('update trade set price = 2')
    await eventually(
      'both are taken',
      () => trades.get(1) !== undefined && trades.stats().applied === 2,
    )
    await first.stop()
    await stage.started(['trade'])
    await stage.query('update trade set price = 3')
    await eventually('the last one', () => trades.stats().applied === 3)
    expect(trades.stats()).toMatchObject({ applied: 3, dropped: 2, doubted: 0, reads: 1 })
    expect([...trades]).toEqual([{ id: 1, price: 3 }])
    gate.resolve()
  },
)

it.runIf(isThere)(
  'where nothing of ours commits the slot moves on with what others write',
  async () => {
    await using stage = await CaptureInMemory.open(`${schema}; create table other (id int)`)
    await stage.started(['trade'])
    await stage.subscribe()
    await stage.query('insert into other select generate_series(1, 1000)')
    await eventually('all is confirmed', () => stage.isConfirmed())
  },
)

it.runIf(isThere)(
  'a commit is published when others can see it: whoever reads the row then reads what it has committed',
  async () => {
    await using stage = await CaptureInMemory.open(
      `${schema}; insert into trade values (1, 1), (2, 1)`,
    )
    const running = await stage.started(['trade'])
    const received = await stage.subscribe()
    // Commits wait for a standby that is not there: they are in the log, and in the stream, and nobody sees them.
    await stage.query(`alter system set synchronous_standby_names = 'nobody'`)
    await stage.query('select pg_reload_conf()')
    const waiting = await stage.connect()
    await eventually('commits wait', async () => {
      const { rows } = await waiting.query(`show synchronous_standby_names`)
      return rows[0]?.synchronous_standby_names === 'nobody'
    })
    const committed = waiting.query('update trade set price = 2 where id = 1')
    await eventually('it waits', async () => {
      const rows = await stage.query(`select from pg_stat_activity where wait_event = 'SyncRep'`)
      return rows.length === 1
    })
    await running.says(/is in the log and not visible yet/)
    expect(await stage.query('select price from trade where id = 1')).toEqual([{ price: 1 }])
    expect(received.updates).toEqual([])
    await stage.query('alter system reset synchronous_standby_names')
    await stage.query('select pg_reload_conf()')
    await committed
    await received.until('the update', ({ updates }) => updates.length === 1)
  },
)

it.runIf(isThere)(
  'the end of the database is not held up by a subscriber that stands still',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const running = await stage.started(['trade'])
    const gate = Promise.withResolvers<void>()
    const slow = await stage.subscribe('SLOW', () => gate.promise)
    await stage.query('insert into trade values (1, 1)')
    await slow.until('the row', ({ updates }) => updates.length === 1)
    await stage.postgres.end()
    await running.says(/connects again/)
    gate.resolve()
  },
)
