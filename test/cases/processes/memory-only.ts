// With the door of the package as argument: a queue in memory, then one over ZeroMQ; says what came of both.
const [door = ''] = process.argv.slice(2)
const { openUpdateQueue } = (await import(door)) as typeof import('../../../src/index.ts')
const { MemoryCluster } = (await import(
  door.replace('index.ts', 'testing/index.ts')
)) as typeof import('../../../src/testing/index.ts')
const transport = new MemoryCluster().transport('node-a')
const queue = await openUpdateQueue({ process: 'A', transport })
const trades = queue.subscribe('TRADE')
await trades.ready
queue.publish({ table: 'TRADE', kind: 'insert', record: { ID: 1 } })
for await (const delivery of trades) {
  console.log('memory', delivery.type)
  break
}
await queue.close()
await openUpdateQueue({ process: 'B' }).catch((error: Error) => console.log(error.message))
