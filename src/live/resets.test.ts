import { describe, expect, it, onTestFinished } from 'vitest'
import { rowTexts } from '../../test/harness/account-database.ts'
import { openAccountStage } from '../../test/harness/account-stage.ts'
import { liveTables } from './open-live.ts'

describe('a reset', () => {
  /** What was changed without an update; the reads that it has made, by table. */
  async function openWatched() {
    const stage = await openAccountStage()
    const { database, publisher, subscriber, account, accounts, entries } = stage
    const asked: unknown[] = []
    const note = <Asked extends readonly unknown[], Result>(read: (keys: Asked) => Result) => {
      return (keys: Asked): Result => {
        asked.push(...keys)
        return read(keys)
      }
    }
    database.commit((change) => {
      for (const id of ['a', 'b', 'c']) change.put('ACCOUNT', account(id, 1))
      change.put('ENTRY', { ACCOUNT: 'a', NUMBER: 1, AMOUNT: 1 })
    })
    const live = await liveTables(subscriber, {
      ACCOUNT: { ...accounts, readKeys: note(accounts.readKeys) },
      ENTRY: { ...entries, readKeys: note(entries.readKeys) },
    })
    onTestFinished(() => live.close())
    const changed: string[] = []
    live.tables.ACCOUNT.subscribe(({ changes, state }) => {
      changed.push(`${state}: ${changes.map(({ kind, key }) => `${kind} ${key}`).join()}`)
    })
    return { ...stage, publisher, live, asked, changed }
  }

  it('L4: of rows that it names reads these, those that are gone or new among them', async () => {
    const { database, publisher, account, live, asked, changed } = await openWatched()
    const { ACCOUNT } = live.tables
    database.commit((change) => {
      change.put('ACCOUNT', account('a', 7))
      change.delete('ACCOUNT', account('b', 1))
      change.put('ACCOUNT', account('d', 8))
    })
    const keys = ['a', 'b', 'd'].map((ID) => ({ ID }))
    await live.seen(publisher.reset('ACCOUNT', { reason: 'a batch', keys }).token)
    expect(rowTexts(ACCOUNT.values())).toEqual(rowTexts(database.read('ACCOUNT').rows))
    expect(asked).toEqual(['a', 'b', 'd'])
    expect(changed).toEqual(['stale: ', 'live: modify a,delete b,insert d'])
    expect(live.tables.ENTRY.stats().reads).toBe(1)
  })

  it('L4: that names rows by a part of their key, or by other fields, reads all of the table', async () => {
    const { database, publisher, live, asked } = await openWatched()
    const { ACCOUNT, ENTRY } = live.tables
    database.commit((change) => change.put('ENTRY', { ACCOUNT: 'a', NUMBER: 2, AMOUNT: 9 }))
    const reset = publisher.reset('ENTRY', { reason: 'a batch', keys: [{ ACCOUNT: 'a' }] })
    await live.seen(reset.token)
    expect(rowTexts(ENTRY.values())).toEqual(rowTexts(database.read('ENTRY').rows))
    const keys = [{ ID: 'a' }, { OWNER: 'A' }]
    await live.seen(publisher.reset('ACCOUNT', { reason: 'a batch', keys }).token)
    expect([asked, ENTRY.stats().reads, ACCOUNT.stats().reads]).toEqual([[], 2, 2])
  })

  it('L7: among the updates of a commit is read before that is seen', async () => {
    const { database, publisher, account, live, asked } = await openWatched()
    const updates = database.commit((change) => {
      change.put('ACCOUNT', account('a', 3))
      change.put('ENTRY', { ACCOUNT: 'a', NUMBER: 2, AMOUNT: 2 })
    })
    const key = { ACCOUNT: 'a', NUMBER: 2 }
    const reset = { table: 'ENTRY', kind: 'reset', reason: 'not told', keys: [key] } as const
    await live.seen(publisher.publish([...updates.slice(0, 1), reset]).token)
    const { ACCOUNT, ENTRY } = live.tables
    expect([ACCOUNT.get('a')?.AMOUNT, ENTRY.get(key)?.AMOUNT]).toEqual([3, 2])
    expect([asked, ACCOUNT.stats().applied]).toEqual([[key], 1])
  })
})
