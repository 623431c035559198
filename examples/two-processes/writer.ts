// Changes prices: PUT /T1/101.5. The adapter publishes what is committed; the answer has the token of the commit.
import { createServer } from 'node:http'
import { openUpdateQueue } from 'tidings'
import { publishCommits } from 'tidings/sqlite'
import { openDatabase, type Price } from './database.ts'

const queue = await openUpdateQueue<{ PRICE: Price }>({ process: 'WRITER', publishes: ['PRICE'] })
let token = ''
const database = publishCommits(openDatabase(), queue, {
  // Called before the statement that has committed returns.
  onPublished: (published) => (token = published.token),
})
const write = database.prepare(
  'insert into PRICE values (?, ?) on conflict do update set AMOUNT = excluded.AMOUNT',
)

const server = createServer((request, response) => {
  const [, id = '', amount = ''] = (request.url ?? '').split('/')
  try {
    write.run(id, Number(amount))
    response.writeHead(204, { 'commit-token': token }).end()
  } catch (error) {
    response.writeHead(400).end(`${String(error)}\n`)
  }
}).listen(Number(process.env['WRITER_PORT'] ?? 8081), '127.0.0.1')

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    void queue.close()
  })
