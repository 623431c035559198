import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Application } from '../harness/application.ts'
import { Child } from '../harness/child.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { expectNothingWrong } from './judgement.ts'

const inARow = 20
const sideBySide = 8

/** Whoever had to wait for somebody would wait for all of it, milliseconds. */
const drainMs = 120_000

endProcessesAfterEach()

/** Runs one script to its end; how long its `close()` took, milliseconds. */
async function runScript(cluster: TestCluster): Promise<number> {
  const script = new Child({
    name: 'script',
    arguments: [
      join(import.meta.dirname, 'processes', 'script.ts'),
      cluster.definition,
      cluster.node().host,
      String(drainMs),
    ],
    ipc: false,
    keepsOutput: true,
  })
  expect(await script.ended, script.log).toEqual({ code: 0, signal: null })
  return Number(script.output)
}

/** One update of each script has come, once, and none was lost. */
async function expectScripts(subscriber: Application, scripts: number): Promise<void> {
  const report = await subscriber.receives({ updates: scripts })
  expectNothingWrong(report)
  expect(report.losses).toEqual([])
  expect(report.streams.map(({ first, last }) => [first, last])).toEqual(
    Array.from({ length: scripts }, () => [1, 1]),
  )
}

for (const shape of ['mesh', 'proxy'] as const) {
  it(`${shape}: scripts lose nothing, and nobody who wants other tables delays them`, async () => {
    const cluster = await TestCluster.start(shape)
    const subscriber = await cluster.open('SUBSCRIBER')
    const other = await cluster.open('OTHER')
    await subscriber.subscribe('TRADE')
    await other.subscribe('AUDIT')
    const closing: number[] = []
    for (let script = 0; script < inARow; script += 1) closing.push(await runScript(cluster))
    const together = Array.from({ length: sideBySide }, () => runScript(cluster))
    closing.push(...(await Promise.all(together)))
    await expectScripts(subscriber, inARow + sideBySide)
    expect(Math.max(...closing)).toBeLessThan(drainMs)
  })
}
