import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { liveTables } from '../../src/live/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { positionText } from '../../src/database/log-position.ts'
import { CaptureStage } from '../harness/capture-stage.ts'
import { eventually } from '../harness/eventually.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

const schema = `
create table trade (id int primary key, account int);
create table position (account int primary key, count int);
insert into position select account, 0 from generate_series(0, 4) account`

const kills = 4

it.runIf(isThere)(
  'a capture that is killed at any instant, again and again, leaves nothing out',
  async () => {
    const seed = Math.floor(Math.random() * 1e9)
    const random = seededRandom(seed)
    await using stage = await CaptureStage.open(schema)
    const { definition } = stage.cluster
    const { host } = stage.cluster.node()
    let capture = await stage.startCapture('--tables', 'trade,position')
    const tail = await stage.tail()
    await using queue = await openUpdateQueue({ process: 'VIEW', definition, host })
    const read = (table: string) => async () => {
      const sql = `select coalesce(json_agg(r), '[]') as rows, pg_current_wal_insert_lsn() - '0/0' as version from ${table} r`
      const [answer] = await stage.query<{ rows: object[]; version: string }>(sql)
      return { rows: answer?.rows ?? [], version: BigInt(answer?.version ?? 0) }
    }
    await using live = await liveTables(queue, {
      trade: { key: 'id', read: read('trade') },
      position: { key: 'account', read: read('position') },
    })
    let isOver = false
    let written = 0
    const writing = (async () => {
      while (!isOver) {
        written += 1
        const account = Math.floor(random() * 5)
        await stage.query(`begin; insert into trade values (${written}, ${account});
        update position set count = count + 1 where account = ${account}; commit`)
        await new Promise((resolve) => setTimeout(resolve, random() * 5))
      }
    })()
    for (let kill = 0; kill < kills; kill++) {
      const from = written
      const commits = Math.floor(random() * 60)
      await eventually('some more commits', () => written >= from + commits)
      await capture.end('SIGKILL')
      capture = await stage.startCapture()
    }
    isOver = true
    await writing
    const ids = () =>
      new Set(
        tail.updates.flatMap(({ table, record }) => (table === 'trade' ? [record?.['id']] : [])),
      )
    await eventually(
      () => `all ${written} trades, of seed ${seed}, have come: ${ids().size}`,
      () => ids().size === written,
    )
    // What came twice has the version that it had.
    const versions = new Map<unknown, unknown>()
    for (const { table, record, version } of tail.updates)
      if (table === 'trade') {
        expect(versions.get(record?.['id']) ?? version, `seed ${seed}`).toBe(version)
        versions.set(record?.['id'], version)
      }
    expect(tail.losses.filter(({ reason }) => reason === 'gone').length).toBeGreaterThan(0)
    const rows = (name: 'trade' | 'position', key: string) =>
      [...live.tables[name]].toSorted(
        (one, other) =>
          Number((one as Record<string, number>)[key]) -
          Number((other as Record<string, number>)[key]),
      )
    await eventually(
      'the live tables are settled',
      () => live.state === 'live' && live.tables.trade.size === written,
    )
    await live.settled()
    expect(rows('trade', 'id')).toEqual(await stage.query('select * from trade order by id'))
    await eventually('all is confirmed', async () => {
      const [slot] = await stage.query<{ all: boolean }>(
        `select confirmed_flush_lsn >= (select max(v) from unnest($1::text[]::pg_lsn[]) v) as all from pg_replication_slots`,
        [[positionText(BigInt(tail.updates.at(-1)?.version ?? 0))]],
      )
      return slot?.all ?? false
    })
    expect(rows('position', 'account')).toEqual(
      await stage.query('select * from position order by account'),
    )
  },
)
