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

type Stage = Awaited<ReturnType<typeof openStage>>

const keepAll = (queue: Stage['queue'], database: AccountDatabase) =>
  liveTables(queue, {
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

/** The recipe of old: read, then apply as it comes. */
async function keepAsItComes(queue: Stage['queue'], database: AccountDatabase) {
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
  await using live = await keepAll(queue, database)
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

it('L7: a commit of another process is in the live tables when its token is seen, also of one that is killed', async () => {
  const { database, queue, writer } = await openStage()
  const writers = await Promise.all([writer('W1', 1), writer('W2', 2), writer('W3', 3)])
  await using live = await keepAll(queue, database)
  const { ACCOUNT, ENTRY } = live.tables
  const waits: Promise<boolean>[] = []
  const isSeen = async ({ count, token }: { count: number; token: string }): Promise<boolean> => {
    await live.seen(token)
    return (
      ENTRY.has({ ACCOUNT: 'ALL', NUMBER: count }) && (ACCOUNT.get('ALL')?.AMOUNT ?? 0) >= count
    )
  }
  const [first, second, third] = writers.map((child) => {
    let told = 0
    const ended = new Promise<void>((resolve) => {
      child.process.on('message', (message: Parameters<typeof isSeen>[0] | 'done') => {
        told += 1
        if (message === 'done') resolve()
        else waits.push(isSeen(message))
      })
    })
    return { child, ended, told: () => told }
  })
  if (!first || !second || !third) throw new Error('three writers')
  for (const { child } of [first, second]) child.process.send({ counts: 600 })
  third.child.process.send({ counts: 1_000_000 })
  await eventually('the third process has published', () => third.told() > 200)
  await third.child.end('SIGKILL')
  await Promise.all([first.ended, second.ended])
  const seen = await Promise.all(waits)
  expect(seen.length).toBeGreaterThan(1400)
  expect(seen.filter((isThere) => !isThere)).toEqual([])
  const { applied, dropped, doubted } = ACCOUNT.stats()
  expect(Math.min(applied, dropped, doubted)).toBeGreaterThan(0)
  for (const { child } of [first, second]) child.process.send('close')
  await Promise.all([first.child.ended, second.child.ended])
})
