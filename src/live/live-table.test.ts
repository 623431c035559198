import { describe, expect, expectTypeOf, it } from 'vitest'
import { type AccountTables, rowTexts } from '../../test/harness/account-database.ts'
import { openAccountStage } from '../../test/harness/account-stage.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { liveTable, liveTables } from './open-live.ts'
import type { LiveTable } from './live-table.ts'
import type { LiveEvent } from './live-options.ts'

describe('a live table', () => {
  it('has the rows of the database when it opens, and what is published from then on', async () => {
    const { database, publisher, subscriber, commit, account, accounts } = await openAccountStage()
    database.commit((change) => change.put('ACCOUNT', account('a', 1)))
    await using live = await liveTable(subscriber, { table: 'ACCOUNT', ...accounts })
    expect(live.get('a')).toEqual(account('a', 1))
    commit((change) => {
      change.put('ACCOUNT', account('a', 2))
      change.put('ACCOUNT', account('b', 3))
    })
    commit((change) => change.delete('ACCOUNT', account('a', 2)))
    await publisher.flush()
    expect(rowTexts(live.values())).toEqual(rowTexts(database.read('ACCOUNT').rows))
    expect({ size: live.size, state: live.state, staleSince: live.staleSince }).toEqual({
      size: 1,
      state: 'live',
      staleSince: null,
    })
    expect(live.has('a')).toBe(false)
    expect(live.stats()).toMatchObject({ applied: 3, dropped: 0, doubted: 0, reads: 1 })
  })

  it('has keys of several fields, and indexes by any', async () => {
    const { publisher, subscriber, commit, entries } = await openAccountStage()
    await using live = await liveTable(subscriber, { table: 'ENTRY', ...entries })
    const byAccount = live.index('ACCOUNT')
    commit((change) => {
      for (const NUMBER of [1, 2]) change.put('ENTRY', { ACCOUNT: 'a', NUMBER, AMOUNT: 5 })
      change.put('ENTRY', { ACCOUNT: 'b', NUMBER: 1, AMOUNT: 6 })
    })
    await publisher.flush()
    expect(live.get({ ACCOUNT: 'a', NUMBER: 2 })).toEqual({ ACCOUNT: 'a', NUMBER: 2, AMOUNT: 5 })
    expect(byAccount.get('a').map(({ NUMBER }) => NUMBER)).toEqual([1, 2])
    commit((change) => change.delete('ENTRY', { ACCOUNT: 'a', NUMBER: 1, AMOUNT: 5 }))
    await publisher.flush()
    expect(byAccount.get('a').map(({ NUMBER }) => NUMBER)).toEqual([2])
    expect(live.index(['AMOUNT', 'ACCOUNT']).get({ AMOUNT: 6, ACCOUNT: 'b' })).toHaveLength(1)
    expect(live.index('ACCOUNT')).toBe(byAccount)
    expect(byAccount.get('c')).toEqual([])
  })

  it('keeps what passes where, and of it the fields selected', async () => {
    const { publisher, subscriber, commit, account, accounts } = await openAccountStage()
    commit((change) => {
      change.put('ACCOUNT', account('a', 10))
      change.put('ACCOUNT', account('b', 200))
    })
    await using live = await liveTable(subscriber, {
      table: 'ACCOUNT',
      ...accounts,
      where: { AMOUNT: { gte: 100 } },
      select: ['ID', 'AMOUNT'],
    })
    expect([...live]).toEqual([{ ID: 'b', AMOUNT: 200 }])
    commit((change) => change.put('ACCOUNT', account('a', 100)))
    commit((change) => change.put('ACCOUNT', account('b', 20)))
    await publisher.flush()
    expect([...live]).toEqual([{ ID: 'a', AMOUNT: 100 }])
  })

  it('L1: reads a row again by its key where nobody can tell whether an update is newer', async () => {
    const { database, publisher, subscriber, commit, account, accounts } = await openAccountStage()
    commit((change) => change.put('ACCOUNT', account('a', 1)))
    const late = database.commit((change) => change.put('ACCOUNT', account('b', 2)))
    commit((change) => change.put('ACCOUNT', account('b', 3)))
    await publisher.flush()
    const asked: unknown[] = []
    await using live = await liveTable(subscriber, {
      table: 'ACCOUNT',
      ...accounts,
      readKeys: (ids) => {
        asked.push(...ids)
        return database.read('ACCOUNT', ids)
      },
    })
    // Committed before the table was read, and published only now: as it comes it would be wrong for ever.
    publisher.publish(late)
    await publisher.flush()
    await live.settled()
    expect(live.get('b')).toEqual(account('b', 3))
    expect(asked).toEqual(['b'])
  })

  it('tells changes as whole commits, to who listens and to who iterates, and each row once to who is slow', async () => {
    const { publisher, subscriber, commit, account, accounts } = await openAccountStage()
    await using live = await liveTable(subscriber, { table: 'ACCOUNT', ...accounts })
    const heard: string[] = []
    const end = live.subscribe(({ changes }) => {
      heard.push(
        changes.map(({ kind, key, record }) => `${kind} ${key} ${record.AMOUNT}`).join(', '),
      )
    })
    const changes = live[Symbol.asyncIterator]()
    commit((change) => {
      change.put('ACCOUNT', account('a', 1))
      change.put('ACCOUNT', account('b', 1))
    })
    await publisher.flush()
    commit((change) => change.put('ACCOUNT', account('a', 2)))
    commit((change) => change.delete('ACCOUNT', account('b', 1)))
    await publisher.flush()
    end()
    commit((change) => change.put('ACCOUNT', account('c', 9)))
    await publisher.flush()
    expect(heard.join('; ')).toBe('insert a 1, insert b 1; modify a 2, delete b 1')
    expect(await changes.next()).toEqual({
      done: false,
      value: {
        state: 'live',
        changes: [
          {
            table: 'ACCOUNT',
            kind: 'insert',
            key: 'a',
            record: account('a', 2),
            before: undefined,
          },
          {
            table: 'ACCOUNT',
            kind: 'insert',
            key: 'c',
            record: account('c', 9),
            before: undefined,
          },
        ],
      },
    })
    await live.close()
    expect(await changes.next()).toEqual({ done: true, value: undefined })
  })

  it('goes on where a listener throws, and tells it', async () => {
    const { publisher, subscriber, commit, account, accounts } = await openAccountStage()
    const events: LiveEvent[] = []
    await using live = await liveTable(subscriber, {
      table: 'ACCOUNT',
      ...accounts,
      onEvent: (event) => events.push(event),
    })
    let heard = 0
    live.subscribe(() => {
      throw new Error('in a listener')
    })
    live.subscribe(() => heard++)
    commit((change) => change.put('ACCOUNT', account('a', 1)))
    await publisher.flush()
    expect(heard).toBe(1)
    expect(events).toEqual([
      { type: 'live', table: 'ACCOUNT' },
      { type: 'handler-failed', error: new Error('in a listener') },
    ])
  })

  it('rejects with what the first read throws, and leaves nothing open', async () => {
    const { subscriber, accounts } = await openAccountStage()
    const read = (): never => {
      throw new Error('no such table')
    }
    await expect(liveTable(subscriber, { table: 'ACCOUNT', ...accounts, read })).rejects.toThrow(
      'no such table',
    )
    expect(subscriber.stats().waitingUpdates).toBe(0)
  })

  it('ends by its signal, by close() and with its queue', async () => {
    const { subscriber, accounts } = await openAccountStage()
    const aborting = new AbortController()
    const options = { table: 'ACCOUNT' as const, ...accounts }
    const aborted = await liveTable(subscriber, { ...options, signal: aborting.signal })
    const closed = await liveTable(subscriber, options)
    const left = await liveTable(subscriber, options)
    aborting.abort()
    expect((await aborted.closed)?.code).toBe('ABORTED')
    expect(aborted.state).toBe('closed')
    await closed.close()
    expect(await closed.closed).toBe(undefined)
    await expect(closed.settled()).rejects.toThrow(TidingsError)
    await subscriber.close()
    expect(await left.closed).toBe(undefined)
    await expect(liveTable(subscriber, { ...options, signal: aborting.signal })).rejects.toThrow(
      '[ABORTED]',
    )
    await expect(liveTable(subscriber, options)).rejects.toThrow('[CLOSED]')
  })
})

describe('several live tables', () => {
  it('L5: a commit changes all of its tables in one turn', async () => {
    const { publisher, subscriber, commit, account, accounts, entries } = await openAccountStage()
    await using live = await liveTables(subscriber, { ACCOUNT: accounts, ENTRY: entries })
    const { ACCOUNT, ENTRY } = live.tables
    const balances: number[][] = []
    const look = (): void => {
      const entered = ENTRY.index('ACCOUNT')
        .get('a')
        .reduce((sum, { AMOUNT }) => sum + AMOUNT, 0)
      balances.push([ACCOUNT.get('a')?.AMOUNT ?? 0, entered])
    }
    ACCOUNT.subscribe(look)
    ENTRY.subscribe(look)
    live.subscribe(({ changes }) => {
      look()
      expect(changes.map(({ table }) => table)).toEqual(
        expect.arrayContaining(['ACCOUNT', 'ENTRY']),
      )
    })
    for (let NUMBER = 1; NUMBER <= 20; NUMBER++)
      commit((change) => {
        change.put('ENTRY', { ACCOUNT: 'a', NUMBER, AMOUNT: NUMBER })
        change.put('ACCOUNT', account('a', (change.get('ACCOUNT', 'a')?.AMOUNT ?? 0) + NUMBER))
      })
    await publisher.flush()
    expect(ACCOUNT.get('a')?.AMOUNT).toBe(210)
    expect(balances.length).toBeGreaterThan(0)
    expect(balances.filter(([amount, entered]) => amount !== entered)).toEqual([])
  })

  it('L5: of a commit with a row in doubt nothing shows before all of it was read again', async () => {
    const { database, publisher, subscriber, account, accounts, entries } = await openAccountStage()
    await using live = await liveTables(subscriber, { ACCOUNT: accounts, ENTRY: entries })
    const { ACCOUNT, ENTRY } = live.tables
    const seen: unknown[] = []
    live.subscribe(() => seen.push([ACCOUNT.get('a')?.AMOUNT, ENTRY.size]))
    const updates = database.commit((change) => {
      change.put('ACCOUNT', account('a', 7))
      change.put('ENTRY', { ACCOUNT: 'a', NUMBER: 1, AMOUNT: 7 })
    })
    const [first, second] = updates
    if (!first || !second) throw new Error('a commit of two')
    publisher.publish([first, { ...second, version: undefined }])
    await publisher.flush()
    await live.settled()
    expect(seen).toEqual([[7, 1]])
    expect(ENTRY.stats().doubted).toBe(1)
  })

  it('reads all tables inside what `within` gives', async () => {
    const { database, subscriber, account } = await openAccountStage()
    database.commit((change) => change.put('ACCOUNT', account('a', 7)))
    const given: string[] = []
    let runs = 0
    await using live = await liveTables(
      subscriber,
      {
        ACCOUNT: {
          key: 'ID',
          read: ({ within }: { readonly within: string }) => {
            given.push(within)
            return database.read('ACCOUNT')
          },
        },
        ENTRY: {
          key: ['ACCOUNT', 'NUMBER'],
          select: ['ACCOUNT', 'NUMBER'],
          read: ({ within }: { readonly within: string }) => {
            given.push(within)
            return database.read('ENTRY')
          },
        },
      },
      {
        within: <Result>(run: (within: string) => Promise<Result>) => {
          runs += 1
          return run('transaction')
        },
      },
    )
    expect([runs, given, live.state]).toEqual([1, ['transaction', 'transaction'], 'live'])
    expectTypeOf(live.tables.ACCOUNT).toExtend<LiveTable<AccountTables['ACCOUNT'], string>>()
    expectTypeOf(live.tables.ENTRY).toExtend<
      LiveTable<{ ACCOUNT: string; NUMBER: number }, { ACCOUNT: string; NUMBER: number }>
    >()
  })
})

describe('a commit that somebody waits for', () => {
  it('L7: is in the rows when it is seen, also where they have to be read for it', async () => {
    const { database, publisher, subscriber, account, accounts, entries } = await openAccountStage()
    await using live = await liveTables(subscriber, { ACCOUNT: accounts, ENTRY: entries })
    const { ACCOUNT } = live.tables
    const put = (AMOUNT: number) =>
      database.commit((change) => change.put('ACCOUNT', account('a', AMOUNT)))
    await live.seen(publisher.publish(put(1)).token)
    expect(ACCOUNT.get('a')).toEqual(account('a', 1))
    const doubtful = put(2).map((update) => ({ ...update, version: undefined }))
    await ACCOUNT.seen(publisher.publish(doubtful).token)
    expect(ACCOUNT.get('a')).toEqual(account('a', 2))
    put(3)
    await ACCOUNT.seen(publisher.reset('ACCOUNT', { reason: 'written past the queue' }).token)
    expect([ACCOUNT.get('a'), ACCOUNT.state]).toEqual([account('a', 3), 'live'])
    expect(ACCOUNT.stats()).toMatchObject({ applied: 1, doubted: 1, reads: 3 })
  })

  it('L7: is not seen while what was lost cannot be read, until the signal aborts', async () => {
    const { publisher, subscriber, accounts } = await openAccountStage()
    let isBroken = false
    await using live = await liveTable(subscriber, {
      table: 'ACCOUNT',
      ...accounts,
      read: () => {
        if (isBroken) throw new Error('the database is away')
        return accounts.read()
      },
    })
    isBroken = true
    const failed = Promise.withResolvers<void>()
    live.subscribe(({ state }) => state === 'stale' && failed.resolve())
    const { token } = publisher.reset('ACCOUNT', { reason: 'all is new' })
    await failed.promise
    const controller = new AbortController()
    const aborted = live.seen(token, { signal: controller.signal })
    controller.abort()
    await expect(aborted).rejects.toThrow('[ABORTED]')
    const seen = live.seen(token)
    expect(live.state).toBe('stale')
    isBroken = false
    await seen
    expect(live.state).toBe('live')
  })

  it('is refused where it is none, or an option is, and where the live table ends', async () => {
    const { database, publisher, subscriber, account, accounts } = await openAccountStage()
    const options = { table: 'ACCOUNT', ...accounts } as const
    const ending = new AbortController()
    const live = await liveTable(subscriber, options)
    const aborted = await liveTable(subscriber, { ...options, signal: ending.signal })
    await expect(live.seen('forged')).rejects.toThrow('seen() takes a token that publish() gave')
    const updates = database.commit((change) => change.put('ACCOUNT', account('a', 1)))
    const { token } = publisher.publish(updates)
    await expect(live.seen(token, { signals: 1 } as never)).rejects.toThrow(
      'seen() has no option "signals"',
    )
    await live.seen(token)
    await live.close()
    await expect(live.seen(token)).rejects.toThrow('the live table is closed')
    ending.abort()
    await expect(aborted.seen(token)).rejects.toThrow('[ABORTED]')
  })
})
