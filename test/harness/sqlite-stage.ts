import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { onTestFinished } from 'vitest'
import type { PublishEvent } from '../../src/database/publish-event.ts'
import { publishCommits } from '../../src/database/sqlite/publish-commits.ts'
import type { Delivery, Update } from '../../src/model/update.ts'
import type { UpdateQueue } from '../../src/queue/update-queue.ts'
import { openQueuePair, taken } from './queue-pair.ts'
import { scratchDirectory } from './scratch.ts'

export const tradeTables = `
  create table TRADE (
    ID text primary key, PRICE integer default 1, NOTE text, DOUBLE integer generated always as (PRICE * 2)
  );
  create table LEG (
    ID text primary key, TRADE text references TRADE (ID) on delete cascade deferrable initially deferred
  );
  create table NOKEY (A, B);`

export interface StageOptions {
  readonly setup?: string
  readonly tables?: readonly string[]
  readonly readBigInts?: boolean
}

/** A database in a file whose commits are published, other connections to it, and what another process hears. */
export async function openSqliteStage({
  setup = tradeTables,
  tables,
  readBigInts = false,
}: StageOptions = {}) {
  const { publisher, subscriber } = await openQueuePair<Record<string, object>>()
  const heard = await listen(subscriber)
  const file = join(scratchDirectory(), 'test.db')
  const connect = (options = {}): DatabaseSync => {
    const database = new DatabaseSync(file, options)
    onTestFinished(() => {
      if (database.isOpen) database.close()
    })
    return database
  }
  const plain = connect({ readBigInts })
  plain.exec(`pragma journal_mode = wal; pragma synchronous = off; ${setup}`)
  const events: PublishEvent[] = []
  const database = publishCommits(plain, publisher, {
    tables,
    onEvent: (event) => void events.push(event),
  })
  const told = async (): Promise<string[]> => {
    await taken(publisher)
    return heard.splice(0)
  }
  return { database, connect, publisher, subscriber, heard, told, events }
}

/** What a process hears: each delivery as a line for its commits, and one for each loss. */
export async function listen(queue: UpdateQueue): Promise<string[]> {
  const heard: string[] = []
  const subscription = queue.subscribe('*', {
    onDelivery: (delivery) => void heard.push(...linesOf(delivery)),
  })
  await subscription.ready
  return heard
}

function linesOf(delivery: Delivery): string[] {
  if (delivery.type === 'loss')
    return delivery.losses.map(({ reason, table, text }) => `${reason} ${table}: ${text}`)
  const commits = Map.groupBy(delivery.updates, ({ commit }) => commit)
  return Array.from(commits.values(), (updates) => updates.map(lineOf).join(' + '))
}

const lineOf = ({ table, kind, record, before }: Update): string =>
  `${kind} ${table} ${valuesOf(record)}${before ? ` was ${valuesOf(before)}` : ''}`

const valuesOf = (record: object): string =>
  Object.entries(record)
    .map(([name, value]) => `${name}=${typeof value === 'bigint' ? `${value}n` : String(value)}`)
    .join(' ')
