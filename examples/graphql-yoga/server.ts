// A GraphQL subscription from the iterator of a subscription of the queue: no PubSub, and no broker. Start it twice, with PORT=4001
// and PORT=4002: who subscribes at one is told of the mutations at the other.
import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { openUpdateQueue } from 'tidings'
import { openTrades, type Trade } from './trades.ts'

const port = process.env['PORT'] ?? '4001'
const queue = await openUpdateQueue<{ TRADE: Trade }>({
  process: 'GRAPHQL',
  instance: port,
  publishes: ['TRADE'],
})
const trades = openTrades(queue)

const typeDefs = /* GraphQL */ `
  type Trade {
    ID: ID!
    PRICE: Float!
  }
  type Change {
    kind: String!
    trade: Trade!
  }
  type Delivery {
    "Of one or more whole commits."
    changes: [Change!]!
    "Query the trades, now: what was changed before is not told, or something was lost."
    query: Boolean!
  }
  type Query {
    trades: [Trade!]!
    "How many clients this process tells of changes."
    listeners: Int!
  }
  type Mutation {
    setPrice(id: ID!, price: Float!): Trade!
  }
  type Subscription {
    trades: Delivery!
  }
`

/** Ends with the request: `signal` aborts when the client is gone. */
async function* deliveries(signal: AbortSignal) {
  const subscription = queue.subscribe('TRADE', { signal })
  await subscription.ready
  yield { changes: [], query: true }
  for await (const delivery of subscription)
    if (delivery.type === 'updates') {
      const changes = delivery.updates.map(({ kind, record }) => ({ kind, trade: record }))
      yield { changes, query: false }
    } else if (delivery.type === 'loss') yield { changes: [], query: true }
}

const yoga = createYoga({
  schema: createSchema({
    typeDefs,
    resolvers: {
      Query: { trades: () => trades.all(), listeners: () => queue.stats().subscriptions },
      Mutation: {
        setPrice: (_: unknown, { id, price }: { id: string; price: number }) =>
          trades.set(id, price),
      },
      Subscription: {
        trades: {
          subscribe: (_: unknown, __: unknown, { request }: { request: Request }) =>
            deliveries(request.signal),
          resolve: (delivery: object) => delivery,
        },
      },
    },
  }),
})

// Yoga answers by itself where something fails.
const server = createServer((request, response) => void yoga(request, response)).listen(
  Number(port),
  '127.0.0.1',
)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    void queue.close()
  })
