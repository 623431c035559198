import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import fastify from 'fastify'
import { openUpdateQueue } from 'tidings'
import { liveTable } from 'tidings/live'
import { readTable } from 'tidings/sqlite'
import { liveHandler } from 'tidings/web'

interface Trade {
  ID: string
  PRICE: number
}

const queue = await openUpdateQueue<{ TRADE: Trade }>({ process: 'WEB' })
const database = new DatabaseSync('trades.db', { readOnly: true })
const trades = await liveTable(queue, {
  table: 'TRADE',
  key: 'ID',
  read: () => readTable<Trade>(database, 'TRADE'),
  readKeys: (keys) => readTable<Trade>(database, 'TRADE', { key: 'ID', keys }),
})
// Once, for all pages: each change is written down once.
const live = liveHandler({ tables: { TRADE: trades }, authorize: () => true })

const app = fastify()
app.get('/live', (request, reply) => {
  reply.hijack()
  live(request.raw, reply.raw)
})
const page = readFileSync('page.html')
app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(page))
// An application with a bundler imports it instead.
const client = readFileSync(fileURLToPath(import.meta.resolve('tidings/browser')))
app.get('/tidings.js', (_request, reply) => reply.type('text/javascript').send(client))

console.log(await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) }))

async function end(): Promise<void> {
  await live.close() // pages are told, and the server can close
  await app.close()
  await queue.close()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void end())
