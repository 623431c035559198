// examples/browser: a live table in a page of a real browser, on a real cluster, with SQLite behind.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it, onTestFinished } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { BreakableWay } from '../harness/breakable-way.ts'
import type { Child } from '../harness/child.ts'
import { openChromium } from '../harness/chromium.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { blocks, root } from '../harness/pages.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

it('docs/BROWSER.md prints the programs of examples/browser as they are', () => {
  const printed = [...blocks('docs/BROWSER.md', 'ts'), ...blocks('docs/BROWSER.md', 'html')]
  for (const name of ['writer.ts', 'server.ts', 'page.html'])
    expect(printed, name).toContain(readFileSync(join(root, 'examples', 'browser', name), 'utf8'))
})

/** The example on a cluster, in an application's folder, and a page of it that comes by a way that can be broken. */
async function stage() {
  const cluster = await TestCluster.start('mesh', 1)
  const example = new Example('browser', cluster)
  const writer = example.start('writer')
  await writer.prints(/^a trade and its price/)
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const serve = async (): Promise<Child> => {
    const server = example.start('start', { PORT: String(port) })
    await server.prints(/^http:/)
    return server
  }
  const server = await serve()
  const way = await BreakableWay.to(`tcp://127.0.0.1:${port}`)
  onTestFinished(() => way.close())
  const { page, complaints } = await openChromium()
  await page.goto(way.endpoint.replace('tcp:', 'http:'))

  const shown = async () => ({
    state: await page.locator('#state').textContent(),
    rows: await page.locator('#rows li').allTextContents(),
  })
  const database = new DatabaseSync(join(example.folder, 'trades.db'), { readOnly: true })
  onTestFinished(() => database.close())
  const held = (): string[] =>
    database
      .prepare('select ID, PRICE from TRADE order by ID')
      .all()
      .map(({ ID, PRICE }) => `${String(ID)} ${String(PRICE)}`)
  /** Lines for the writer; waits until the database has these rows. */
  const write = async (lines: readonly string[], rows: readonly string[]): Promise<void> => {
    writer.process.stdin?.write(lines.map((line) => `${line}\n`).join(''))
    await eventually(`the database has ${rows.join()}`, () => held().join() === rows.join())
  }
  /** The page says that it is live, and has what the database has. */
  const isRight = () =>
    eventually('the page is right', async () => {
      const { state, rows } = await shown()
      return state === 'live' && rows.join() === held().join()
    })
  /** The page says that it is stale, and has these rows still. */
  const isStaleWith = (rows: readonly string[]) =>
    eventually('the page is stale', async () => {
      const now = await shown()
      return now.state?.startsWith('stale: ') && now.rows.join() === rows.join()
    })
  return { way, page, complaints, server, serve, write, isRight, isStaleWith }
}

it.runIf(available('a live table in a page', 'chromium'))(
  'a page shows a live table, says when it has lost its network or its server, and is right again',
  async () => {
    const { way, page, complaints, server, serve, write, isRight, isStaleWith } = await stage()
    await write(['T1 101.5', 'T2 7'], ['T1 101.5', 'T2 7'])
    await isRight()

    way.shut()
    await write(['T1 102', 'T2', 'T3 9'], ['T1 102', 'T3 9'])
    await isStaleWith(['T1 101.5', 'T2 7'])
    way.open()
    await isRight()

    await page.context().setOffline(true)
    await isStaleWith(['T1 102', 'T3 9'])
    await write(['T1 103'], ['T1 103', 'T3 9'])
    await page.context().setOffline(false)
    await isRight()

    expect(await server.end('SIGTERM')).toEqual({ code: 0, signal: null })
    await write(['T4 1', 'T3'], ['T1 103', 'T4 1'])
    await isStaleWith(['T1 103', 'T3 9'])
    await serve()
    await isRight()
    expect(complaints).toEqual([])
  },
)
