// A process that is killed at a chosen instant of a commit, for each way in which SQLite gets into the queue. docs/GUARANTEES.md tells it.
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { readTable } from '../../src/database/sqlite/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { liveTable } from '../../src/live/index.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

interface Row {
  ID: string
}

/** A database, live trades of it, and what a subscriber hears. `dies`: a process does, at that instant, and was told to be gone. */
async function openStage(way: string, first: 'TRADE' | 'OTHER') {
  const cluster = await TestCluster.start('mesh', 1)
  const { definition } = cluster
  const { host } = cluster.node()
  const file = join(scratchDirectory(), 'trades.db')
  const database = new DatabaseSync(file)
  database.exec(
    'pragma busy_timeout = 60000; pragma journal_mode = wal; create table TRADE (ID text primary key); create table OTHER (ID text primary key)',
  )
  const queue = await openUpdateQueue<{ TRADE: Row; OTHER: Row }>({
    process: 'VIEW',
    definition,
    host,
  })
  onTestFinished(async () => {
    await queue.close()
    database.close()
  })
  const heard = new Set<string>()
  const gone: string[] = []
  const subscription = queue.subscribe(['TRADE', 'OTHER'], {
    onDelivery: (delivery) => {
      if (delivery.type === 'updates')
        for (const { table, record } of delivery.updates) heard.add(`${table} ${record.ID}`)
      if (delivery.type === 'loss')
        for (const { table, reason, to } of delivery.losses)
          if (reason === 'gone' && to === null) gone.push(String(table))
    },
  })
  await subscription.ready
  const trades = await liveTable(queue, {
    table: 'TRADE',
    key: 'ID',
    read: () => readTable<Row>(database, 'TRADE'),
    readKeys: (keys) => readTable<Row>(database, 'TRADE', { key: 'ID', keys }),
  })
  const dies = async (instant: string): Promise<void> => {
    const deaths = gone.length
    const script = join(repository, 'test', 'live', 'dies-at.ts')
    const words = [script, way, instant, first, file, definition, host]
    const child = new Child({ name: instant, arguments: words, ipc: false })
    expect((await child.ended).signal, child.log).toBe('SIGKILL')
    await eventually('its death is told', () => gone.length > deaths)
  }
  const committed = (): string[] => readTable<Row>(database, 'TRADE').rows.map(({ ID }) => ID)
  return { dies, heard, gone, trades, committed }
}

const instants = ['before COMMIT', 'before publish()', 'behind publish()'] as const

it.each(['publish()', 'commit()', 'publishCommits()'])(
  '%s: where a process is killed before COMMIT, before publish() or behind it, live tables are what the database has',
  async (way) => {
    const { dies, heard, gone, trades, committed } = await openStage(way, 'TRADE')
    for (const instant of instants) {
      const { reads } = trades.stats()
      await dies(instant)
      await eventually('the live table reads again', () => trades.stats().reads > reads)
      await trades.settled()
      expect(trades.state).toBe('live')
      expect([...trades].map(({ ID }) => ID).toSorted()).toEqual(committed().toSorted())
      expect(heard).toContain(`TRADE a row before: ${instant}`)
    }
    expect(gone).toEqual(['TRADE', 'TRADE', 'TRADE'])
    expect(instants.map((instant) => committed().includes(instant))).toEqual([false, true, true])
    // What was committed and not published came by the read alone.
    expect(heard).not.toContain('TRADE before COMMIT')
    expect(heard).not.toContain('TRADE before publish()')
  },
)

it('where nobody knew that it publishes the table, a process that is killed before publish() leaves the live table behind', async () => {
  const { dies, gone, trades, committed } = await openStage('publish()', 'OTHER')
  await dies('before publish()')
  await trades.settled()
  expect(gone).toEqual(['OTHER'])
  expect(committed()).toEqual(['before publish()'])
  expect([...trades]).toEqual([])
})
