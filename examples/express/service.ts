// Books amounts from one account to another. What a transaction has changed is published as one commit when it has committed,
// and nothing of it where it was rolled back. Start it twice, with PORT=8081 and PORT=8082: each answers what the other has booked.
import express from 'express'
import { openUpdateQueue } from 'tidings'
import { liveTable } from 'tidings/live'
import { type Account, change, inTransaction, readAccounts } from './accounts.ts'

const port = process.env['PORT'] ?? '8081'
const queue = await openUpdateQueue<{ ACCOUNT: Account }>({
  process: 'BANK',
  instance: port,
  publishes: ['ACCOUNT'],
})
const accounts = await liveTable(queue, {
  table: 'ACCOUNT',
  key: 'ID',
  version: 'VERSION',
  read: readAccounts,
})

const service = express()
service.use(express.json())

/** {"from":"A","to":"B","amount":25} */
service.post('/transfers', async (request, response) => {
  const { from, to, amount } = request.body as { from: string; to: string; amount: number }
  const booked = await queue.commit(
    () => inTransaction(() => [change(from, -amount), change(to, amount)]),
    { onPublished: ({ token }) => response.set('commit-token', token) },
  )
  response.status(201).json(booked)
})

service.get('/accounts/:id', async (request, response) => {
  const token = request.get('commit-token')
  if (token) await accounts.seen(token, { signal: AbortSignal.timeout(5000) })
  const account = accounts.get(request.params.id)
  if (account) response.json(account)
  else response.status(404).json(null)
})

service.use(
  (error: unknown, _: express.Request, response: express.Response, next: express.NextFunction) => {
    if (response.headersSent) next(error)
    else response.status(422).json({ error: String(error) })
  },
)

const server = service.listen(Number(port), '127.0.0.1')

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    void queue.close()
  })
