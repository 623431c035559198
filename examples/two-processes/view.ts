// Answers out of memory what the writer has committed: GET /T1. It never asks the database but when it starts, or is told of a loss.
import { createServer, type IncomingMessage } from 'node:http'
import { openUpdateQueue } from 'tidings'
import { liveTable } from 'tidings/live'
import { readTable } from 'tidings/sqlite'
import { openDatabase, type Price } from './database.ts'

const queue = await openUpdateQueue<{ PRICE: Price }>({ process: 'VIEW' })
const database = openDatabase()
const prices = await liveTable(queue, {
  table: 'PRICE',
  key: 'ID',
  read: () => readTable<Price>(database, 'PRICE'),
  readKeys: (keys) => readTable<Price>(database, 'PRICE', { key: 'ID', keys }),
})

async function answer({ url = '', headers }: IncomingMessage): Promise<string> {
  const token = headers['commit-token']
  // Who has just written something sees it: this takes about a millisecond.
  if (typeof token === 'string' && token)
    await prices.seen(token, { signal: AbortSignal.timeout(5000) })
  return JSON.stringify(prices.get(url.slice(1)) ?? null)
}

const server = createServer((request, response) => {
  answer(request).then(
    (text) => response.end(text),
    (error: unknown) => response.writeHead(503).end(`${String(error)}\n`),
  )
}).listen(Number(process.env['VIEW_PORT'] ?? 8082), '127.0.0.1')

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    void queue.close()
  })
