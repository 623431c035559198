// A process that changes trades and positions, whose commits the adapter publishes: node trader.ts NAME SEED URL DEFINITION HOST
import { Pool } from 'pg'
import { seededRandom } from '../../src/base/random.ts'
import { publishCommits } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'

const [name = '', seed = '', url = '', definition = '', host = ''] = process.argv.slice(2)
const random = seededRandom(Number(seed))
const queue = await openUpdateQueue({ process: name, definition, host })
const pool = publishCommits(new Pool({ connectionString: url, max: 4 }), queue)
const trades = 20

const below = (number: number): number => Math.floor(random() * number)

/** Books a trade and its position; some are undone in part or as a whole. */
async function book(): Promise<void> {
  const client = await pool.connect()
  const id = `T${below(trades)}`
  const account = `A${below(4)}`
  try {
    await client.query('begin')
    if (random() < 0.15) await client.query('delete from trade where trade_id = $1', [id])
    else
      await client.query(
        `insert into trade values ($1, $2, $3, $4)
        on conflict (trade_id) do update set account = excluded.account, price = excluded.price, quantity = trade.quantity + 1`,
        [id, account, below(1000) / 4, below(10)],
      )
    await client.query(
      `insert into "Position" values ($1, 1, now()) on conflict (account) do update set changes = "Position".changes + 1, at = now()`,
      [account],
    )
    if (random() < 0.2) {
      await client.query('savepoint s')
      await client.query('update trade set price = -1 where trade_id = $1', [id])
      await client.query('rollback to savepoint s')
    }
    if (random() < 0.1) await client.query('select 1 / 0').catch(() => undefined)
    await client.query(random() < 0.1 ? 'rollback' : 'commit')
    client.release()
  } catch (error) {
    // Two that change the same rows in another order: one of them is rolled back.
    client.release(error as Error)
  }
}

async function bookMany(commits: number): Promise<void> {
  let left = commits
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      while (left-- > 0) await book()
    }),
  )
}

async function act(message: { commits: number } | 'close'): Promise<void> {
  if (message === 'close') {
    await pool.end()
    await queue.close()
    process.disconnect()
    return
  }
  await bookMany(message.commits)
  await queue.flush()
  process.send?.('done')
}

process.on('message', (message: Parameters<typeof act>[0]) => void act(message))
process.send?.('open')
