import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { CaptureInMemory } from '../harness/capture-in-memory.ts'
import { eventually } from '../harness/eventually.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

const schema = `
create table trade (id int primary key, price int);
create table position (id int primary key)`

it.runIf(isThere)('a capture that begins says read again, one that goes on does not', async () => {
  await using stage = await CaptureInMemory.open(schema)
  const received = await stage.subscribe()
  const first = await stage.started(['trade', 'position'])
  await received.until('both resets', ({ losses }) => losses.length === 2)
  expect(received.losses).toMatchObject([
    { table: 'position', reason: 'reset', text: 'its changes are captured from here on' },
    { table: 'trade', reason: 'reset' },
  ])
  await first.stop()
  await stage.query('insert into trade values (1, 1)')
  const second = await stage.started(['trade', 'position'])
  await received.until('what was changed meanwhile', ({ updates }) => updates.length === 1)
  await second.stop()
  expect(received.losses).toHaveLength(2)
})

it.runIf(isThere)('of two captures one waits, and goes on when the other ends', async () => {
  await using stage = await CaptureInMemory.open(schema)
  const received = await stage.subscribe()
  const first = await stage.started(['trade'])
  const second = stage.start(['trade'])
  await second.says(
    /^waiting: another capture has the slot tidings \(process \d+ of the database\)/m,
  )
  expect(second.queue).toBe(null)
  await stage.query('insert into trade values (1, 1)')
  await received.until('the first row', ({ updates }) => updates.length === 1)
  await first.stop()
  await second.says(/^ready: at/m)
  await stage.query('insert into trade values (2, 1)')
  await received.until('the second row', ({ updates }) =>
    updates.some(({ record }) => (record as { id: number }).id === 2),
  )
})

it.runIf(isThere)(
  'a connection that is cut is made again, and nothing is missing or comes twice',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const running = await stage.started(['trade'])
    const gate = Promise.withResolvers<void>()
    await stage.subscribe('SLOW', () => gate.promise)
    const received = await stage.subscribe()
    for (let id = 1; id <= 6; id++) {
      await stage.query('insert into trade values ($1, 1)', [id])
      if (id % 2 === 0) {
        const what =
          id === 2 ? "where backend_type = 'walsender'" : "where application_name = 'tidings'"
        await stage.query(`select pg_terminate_backend(pid) from pg_stat_activity ${what}`)
        await eventually(
          'it is ready again',
          () => running.log.match(/^ready:/gm)?.length === 1 + id / 2,
        )
      }
    }
    await received.until('all rows', ({ updates }) => updates.length >= 6)
    expect(received.updates.map(({ record }) => (record as { id: number }).id)).toEqual([
      1, 2, 3, 4, 5, 6,
    ])
    expect(received.losses).toEqual([])
    gate.resolve()
  },
)

it.runIf(isThere)('the database is started again: the capture goes on', async () => {
  await using stage = await CaptureInMemory.open(schema)
  const running = await stage.started(['trade'])
  const received = await stage.subscribe()
  await stage.query('insert into trade values (1, 1)')
  await stage.postgres.end()
  await running.says(/^warning: .*connects again/m)
  await stage.postgres.run()
  await eventually('it is ready again', () => running.log.match(/^ready:/gm)?.length === 2)
  const client = await stage.connect()
  await client.query('insert into trade values (2, 1)')
  await received.until('both rows', ({ updates }) => updates.length >= 2)
  expect(received.updates.map(({ record }) => (record as { id: number }).id)).toEqual([1, 2])
})

it.runIf(isThere)(
  'beyond what it may keep of the log it gives up: the log is let go, and all tables are a reset',
  async () => {
    await using stage = await CaptureInMemory.open(
      `${schema}; create table other (id int, text text)`,
    )
    const running = await stage.started(['trade', 'position'], {}, 8 * 1024 ** 2)
    const gate = Promise.withResolvers<void>()
    const slow = await stage.subscribe('SLOW', () => gate.promise)
    const fast = await stage.subscribe('FAST')
    await stage.query('insert into trade values (1, 1)')
    await slow.until('the row', ({ updates }) => updates.length === 1)
    await stage.query(
      `insert into other select id, repeat(md5(id::text), 20) from generate_series(1, 20000) id`,
    )
    await running.says(
      /^warning: the database kept [\d.]+ MiB of its log, and the capture gave up/m,
    )
    await fast.until('the resets', ({ losses }) => losses.length >= 2)
    expect(fast.losses).toMatchObject([
      { table: 'position', reason: 'reset', text: expect.stringContaining('gave up') as string },
      { table: 'trade', reason: 'reset' },
    ])
    await stage.query('insert into trade values (2, 1)')
    await fast.until('the next row', ({ updates }) =>
      updates.some(({ record }) => (record as { id: number }).id === 2),
    )
    gate.resolve()
    await slow.until('it is told, too', ({ losses }) => losses.length >= 2)
    expect((await stage.slot())?.kept).toBeLessThan(8 * 1024 ** 2)
  },
)

it.runIf(isThere)(
  'a slot whose log the database has thrown away is made anew, and all tables are a reset',
  async () => {
    await using stage = await CaptureInMemory.open(schema, [
      'max_slot_wal_keep_size=1MB',
      'wal_keep_size=0',
      'min_wal_size=32MB',
      'max_wal_size=32MB',
    ])
    const first = await stage.started(['trade'])
    await first.stop()
    const received = await stage.subscribe()
    await stage.query('insert into trade values (1, 1)')
    await eventually('it is lost', async () => {
      await stage.query('select pg_switch_wal()')
      await stage.query('create table if not exists filler (id int); drop table filler')
      await stage.query('checkpoint')
      const rows = await stage.query<{ status: string }>(
        'select wal_status as status from pg_replication_slots',
      )
      return rows[0]?.status === 'lost'
    })
    const second = await stage.started(['trade'])
    await received.until('the reset', ({ losses }) => losses.length > 0)
    expect(received.losses).toMatchObject([
      {
        table: 'trade',
        reason: 'reset',
        text: expect.stringContaining('max_slot_wal_keep_size') as string,
      },
    ])
    await stage.query('insert into trade values (2, 1)')
    await received.until('the next row', ({ updates }) => updates.length > 0)
    expect(second.log).toMatch(/thrown away/)
  },
)

it.runIf(isThere)(
  'a table that is added is a reset, and once more when the transactions that ran then have ended',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const first = await stage.started(['trade'])
    await first.stop()
    const received = await stage.subscribe()
    const open = await stage.connect()
    await open.query('begin; insert into position values (1)')
    await stage.started(['trade', 'position'])
    await received.until('the reset', ({ losses }) => losses.length === 1)
    await open.query('commit')
    await received.until(
      'another one, or the row',
      ({ losses, updates }) => losses.length === 2 || updates.length === 1,
    )
    await stage.query('insert into position values (2)')
    await received.until('the row', ({ updates }) => updates.length > 0)
    expect(received.losses.map(({ table }) => table)).toEqual(['position', 'position'])
  },
)

it.runIf(isThere)(
  'a table that somebody takes out of the publication is a reset; where it is named it is put back, and is a reset again',
  async () => {
    await using stage = await CaptureInMemory.open(schema)
    const running = await stage.started(['trade', 'position'], { lookMs: 50 })
    const received = await stage.subscribe()
    await stage.query('alter publication tidings drop table trade')
    await stage.query('insert into trade values (1, 1)')
    await running.says(/^warning: trade was taken out of the publication tidings .*connects again/m)
    await received.until('both resets', ({ losses }) => losses.length >= 2)
    expect(received.losses.slice(0, 2)).toMatchObject([
      { table: 'trade', reason: 'reset', text: 'it was taken out of the publication' },
      { table: 'trade', reason: 'reset', text: 'its changes are captured from here on' },
    ])
    await stage.query('insert into trade values (2, 1)')
    await received.until('the next row', ({ updates }) => updates.length > 0)
    expect(received.updates.map(({ record }) => (record as { id: number }).id)).toEqual([2])
  },
)

it.runIf(isThere)('where it is not named it is captured no longer', async () => {
  await using stage = await CaptureInMemory.open(schema)
  const first = await stage.started(['trade', 'position'])
  await first.stop()
  const running = await stage.started(null, { lookMs: 50 })
  const received = await stage.subscribe()
  await stage.query('alter publication tidings drop table trade')
  await received.until('the reset', ({ losses }) => losses.length > 0)
  await eventually('it goes on', () => running.log.match(/^ready: at .*: position$/m) !== null)
  await stage.query('insert into trade values (1, 1)')
  await stage.query('insert into position values (1)')
  await received.until('the row', ({ updates }) => updates.length > 0)
  expect(received.updates.map(({ table }) => table)).toEqual(['position'])
  expect(received.losses.map(({ table }) => table)).toEqual(['trade'])
})
