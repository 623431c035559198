import { onTestFinished } from 'vitest'
import { AccountDatabase, type AccountTables } from './account-database.ts'
import { openQueuePair } from './queue-pair.ts'

/** A database, who changes it, and another process that keeps what it holds. */
export async function openAccountStage() {
  const database = new AccountDatabase()
  onTestFinished(() => database.close())
  const { publisher, subscriber } = await openQueuePair<AccountTables>()
  const commit = (change: Parameters<AccountDatabase['commit']>[0]): void => {
    publisher.publish(database.commit(change))
  }
  const account = (ID: string, AMOUNT: number, OWNER = 'A') => ({ ID, AMOUNT, OWNER })
  const accounts = {
    key: 'ID',
    read: () => database.read('ACCOUNT'),
    readKeys: (ids: readonly string[]) => database.read('ACCOUNT', ids),
  } as const
  const entries = {
    key: ['ACCOUNT', 'NUMBER'],
    read: () => database.read('ENTRY'),
    readKeys: (keys: readonly object[]) => database.read('ENTRY', keys),
  } as const
  return { database, publisher, subscriber, commit, account, accounts, entries }
}
