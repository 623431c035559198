// A process that adds rows as fast as it can until it is killed: node dying-writer.ts NAME URL DEFINITION HOST
import { Pool } from 'pg'
import { publishCommits } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'

const [name = '', url = '', definition = '', host = ''] = process.argv.slice(2)
const queue = await openUpdateQueue({ process: name, definition, host })
const pool = publishCommits(new Pool({ connectionString: url, max: 2 }), queue)
const { incarnation } = queue.identity
process.send?.({ incarnation })
const write = async (): Promise<never> => {
  for (;;) {
    const client = await pool.connect()
    await client.query('begin')
    await client.query('insert into entry (writer) values ($1)', [incarnation])
    await client.query('insert into entry (writer) values ($1)', [incarnation])
    await client.query('commit')
    client.release()
  }
}
await Promise.all([write(), write()])
