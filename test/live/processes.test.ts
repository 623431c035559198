import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openUpdateQueue } from '../../src/index.ts'
import { type LiveTable, liveTables } from '../../src/live/index.ts'
import { AccountDatabase, type AccountTables, rowTexts } from '../harness/account-database.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

/** A database file, writers of it, and live tables in this process. */
async function openStage() {
  const cluster = await TestCluster.start('mesh', 1)
  const folder = mkdtempSync(join(tmpdir(), 'tidings-live-'))
  const file = join(folder, 'accounts.db')
  const database = new AccountDatabase(file)
  const { host } = cluster.node()
  const { definition } = cluster
  const writer = async (name: string, seed: number): Promise<Child> => {
    const script = join(repository, 'test', 'live', 'writer.ts')
    const child = new Child({
      name,
      arguments: [script, name, String(seed), file, definition, host],
      ipc: true,
    })
    await once(child.process, 'message')
    return child
  }
  const queue = await openUpdateQueue<AccountTables>({ process: 'VIEW', definition, host })
  onTestFinished(async () => {
    await queue.close()
    database.close()
    rmSync(folder, { recursive: true })
  })
  return { database, queue, writer }
}

const tell = async (child: Child, message: object | string): Promise<void> => {
  const answered = once(child.process, 'message')
  child.process.send(message)
  await answered
}

/** The recipe of old: read, then apply as it comes. */
async function keepAsItComes(
  queue: Awaited<ReturnType<typeof openStage>>['queue'],
  database: AccountDatabase,
) {
  const rows = new Map<string, AccountTables['ACCOUNT']>()
  const subscription = queue.subscribe('ACCOUNT', {
    onDelivery: (delivery) => {
      if (delivery.type !== 'updates') return
      for (const { kind, record } of delivery.updates)
        if (kind === 'delete') rows.delete(record.ID)
        else rows.set(record.ID, record)
    },
  })
  await subscription.ready
  for (const row of database.read('ACCOUNT').rows) rows.set(row.ID, row)
  return rows
}

it('L1: live tables are what SQLite has, while several processes write, publish late and are killed', async () => {
  const { database, queue, writer } = await openStage()
  const [first, second, third] = await Promise.all([
    writer('W1', 1),
    writer('W2', 2),
    writer('W3', 3),
  ])
  const booked = Promise.all([first, second].map((child) => tell(child, { commits: 1500 })))
  await using live = await liveTables(queue, {
    ACCOUNT: {
      key: 'ID',
      read: () => database.read('ACCOUNT'),
      readKeys: (ids) => database.read('ACCOUNT', ids),
    },
    ENTRY: {
      key: ['ACCOUNT', 'NUMBER'],
      read: () => database.read('ENTRY'),
      readKeys: (keys) => database.read('ENTRY', keys),
    },
  })
  const { ACCOUNT, ENTRY } = live.tables
  const asItComes = await keepAsItComes(queue, database)
  third.process.send({ commits: 1_000_000 })
  const isSeen = (): boolean => [...ACCOUNT].some(({ OWNER }) => OWNER === 'W3')
  await eventually('the third process is heard', isSeen)
  await third.end('SIGKILL')
  await booked
  await tell(first, 'end badly')
  await eventually('all has come', () => {
    const isSame = (table: LiveTable, name: 'ACCOUNT' | 'ENTRY'): boolean =>
      rowTexts(table.values()).join() === rowTexts(database.read(name).rows).join()
    return live.state === 'live' && isSame(ACCOUNT, 'ACCOUNT') && isSame(ENTRY, 'ENTRY')
  })
  await live.settled()
  expect(rowTexts(ACCOUNT.values())).toEqual(rowTexts(database.read('ACCOUNT').rows))
  expect(rowTexts(ENTRY.values())).toEqual(rowTexts(database.read('ENTRY').rows))
  // What was killed was told as a loss: the tables were read again.
  expect(ACCOUNT.stats().reads).toBeGreaterThan(1)
  expect(rowTexts(asItComes.values())).not.toEqual(rowTexts(database.read('ACCOUNT').rows))
  for (const child of [first, second]) child.process.send('close')
  await Promise.all([first.ended, second.ended])
})
