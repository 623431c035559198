// examples/two-processes: one process writes, another one answers out of a live table, and a client asks both.
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually, patienceMs } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('two processes: a client reads at one what it has just written at the other, and what a script changes past them', async () => {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('two-processes', cluster)
  const [writer, view] = await freePorts('127.0.0.1', 2)
  const env = { WRITER_PORT: String(writer), VIEW_PORT: String(view) }
  const children = [example.start('writer', env), example.start('view', env)]
  const read = (): Promise<string> => fetch(`http://127.0.0.1:${view}/T1`).then((it) => it.text())
  await eventually('both answer', async () => {
    const answers = [fetch(`http://127.0.0.1:${writer}/T1/0.5`, { method: 'PUT' }), read()]
    return (await Promise.allSettled(answers)).every(({ status }) => status === 'fulfilled')
  })
  const client = example.start('client', env)
  expect(await client.ended, client.log).toEqual({ code: 0, signal: null })
  expect(client.lines).toEqual(['wrote and read 100 prices: each answer had what was just written'])
  const script = new DatabaseSync(join(example.folder, 'prices.db'), { timeout: patienceMs })
  script.exec(`update PRICE set AMOUNT = 7 where ID = 'T1'`)
  script.close()
  await eventually('the view has what the script did', async () => (await read()).includes(':7}'))
  for (const child of children)
    expect(await child.end('SIGTERM'), child.log).toEqual({ code: 0, signal: null })
})
