// examples/nextjs: what 'use cache' keeps in each process, until an update comes.
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('Next.js: what one page has cached in two processes is made anew when another process has committed a change, and not before', async () => {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('nextjs', cluster)
  const next = { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' }
  const build = example.start('build', next)
  expect(await build.ended, build.output + build.log).toEqual({ code: 0, signal: null })
  const ports = await freePorts('127.0.0.1', 2)
  const servers = ports.map((port) => example.start('start', { ...next, PORT: String(port) }))
  const pages = (id: string): Promise<string[]> =>
    Promise.all(
      ports.map(async (port) => {
        const answer = await fetch(`http://127.0.0.1:${port}/${id}`).catch(() => null)
        return new RegExp(`${id}: (\\w+)`).exec((await answer?.text()) ?? '')?.[1] ?? ''
      }),
    )
  const bothShow = (id: string, price: string) =>
    eventually(
      () => `both show ${price}:\n${servers.map(({ output, log }) => output + log).join('\n')}`,
      async () => (await pages(id)).every((shown) => shown === price),
    )
  const set = async (id: string, price: number): Promise<void> => {
    const child = example.start('set', {}, id, String(price))
    expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  }
  await bothShow('T1', 'null')
  await bothShow('T2', 'null')
  await set('T1', 100)
  await bothShow('T1', '100')
  // Nobody publishes this, since nobody who publishes runs: what is cached is shown.
  const outside = new DatabaseSync(join(example.folder, 'trades.db'), { timeout: 60_000 })
  outside.exec(`update TRADE set PRICE = 7 where ID = 'T1'`)
  outside.close()
  expect(await pages('T1')).toEqual(['100', '100'])
  await set('T1', 8)
  await bothShow('T1', '8')
  for (const child of servers) await child.end('SIGTERM')
})
