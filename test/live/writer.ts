// A process that changes accounts and publishes what it has committed, some of it late and in another order:
// node writer.ts NAME SEED DATABASE DEFINITION HOST
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../src/base/random.ts'
import { openUpdateQueue } from '../../src/index.ts'
import type { NewChange } from '../../src/model/reset.ts'
import { AccountDatabase, type AccountTables } from '../harness/account-database.ts'

const [name = '', seed = '', file = '', definition = '', host = ''] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const database = new AccountDatabase(file)
const queue = await openUpdateQueue<AccountTables>({
  process: name,
  definition,
  host,
  publishes: ['ACCOUNT', 'ENTRY'],
})

const accounts = 12
type Commit = ReturnType<AccountDatabase['commit']>

/** Books an amount: an entry, and the account beside it. Now and then an account goes, with its entries. */
const book = (id: string): Commit =>
  database.commit((change) => {
    const there = change.get('ACCOUNT', id)
    if (there && random() < 0.1) {
      change.delete('ACCOUNT', there)
      for (let NUMBER = 1; NUMBER <= 5; NUMBER++) {
        const entry = change.get('ENTRY', id, NUMBER)
        if (entry) change.delete('ENTRY', entry)
      }
      return
    }
    const NUMBER = 1 + Math.floor(random() * 5)
    const AMOUNT = Math.floor(random() * 1000)
    const old = change.get('ENTRY', id, NUMBER)?.AMOUNT ?? 0
    change.put('ENTRY', { ACCOUNT: id, NUMBER, AMOUNT })
    change.put('ACCOUNT', { ID: id, OWNER: name, AMOUNT: (there?.AMOUNT ?? 0) + AMOUNT - old })
  })

async function bookMany(commits: number): Promise<void> {
  const late: Commit[] = []
  for (let count = 0; count < commits; count++) {
    const commit = book(`A${Math.floor(random() * accounts)}`)
    if (random() < 0.15) late.push(commit)
    else queue.publish(commit)
    while (late.length > 0 && random() < 0.1)
      queue.publish(late.splice(Math.floor(random() * late.length), 1)[0] as Commit)
    if (count % 50 === 0) await pause(1)
  }
  for (const commit of late) queue.publish(commit)
  await queue.flush()
}

/** One in ten without versions, one in twenty as resets of its rows. */
function toldIn(commit: Commit): readonly NewChange<AccountTables>[] {
  const chance = random()
  if (chance < 0.1) return commit.map((update) => ({ ...update, version: undefined }))
  if (chance > 0.15) return commit
  return commit.map(({ table, record }) => ({
    table,
    kind: 'reset',
    reason: 'a test',
    keys: [record],
  }))
}

/**
 * Counts an account up that all writers count, with an entry for each count, and tells its token with it; some are
 * published late, some without a version, and of some only that they have changed.
 */
async function countUp(times: number): Promise<void> {
  const late: (() => void)[] = []
  for (let time = 0; time < times; time++) {
    let count = 0
    const commit = database.commit((change) => {
      count = (change.get('ACCOUNT', 'ALL')?.AMOUNT ?? 0) + 1
      change.put('ACCOUNT', { ID: 'ALL', OWNER: name, AMOUNT: count })
      change.put('ENTRY', { ACCOUNT: 'ALL', NUMBER: count, AMOUNT: time })
    })
    const changes = toldIn(commit)
    const publish = (): void => {
      process.send?.({ count, token: queue.publish(changes).token })
    }
    if (random() < 0.15) late.push(publish)
    else publish()
    if (random() < 0.1) late.shift()?.()
    if (time % 10 === 0) await pause(1)
  }
  for (const publish of late) publish()
}

/** Each account for the last time, twice, and published in the wrong order. */
async function endBadly(): Promise<void> {
  for (let index = 0; index < accounts; index++) {
    const put = (AMOUNT: number): Commit =>
      database.commit((change) => change.put('ACCOUNT', { ID: `A${index}`, OWNER: name, AMOUNT }))
    const first = put(1)
    queue.publish(put(2))
    queue.publish(first)
  }
  await queue.flush()
}

async function act(
  message: { commits: number } | { counts: number } | 'end badly' | 'close',
): Promise<void> {
  if (message === 'close') {
    await queue.close()
    process.disconnect()
    return
  }
  if (message === 'end badly') await endBadly()
  else if ('counts' in message) await countUp(message.counts)
  else await bookMany(message.commits)
  process.send?.('done')
}

process.on('message', (message: Parameters<typeof act>[0]) => void act(message))
process.send?.('open')
