// A worker thread has a queue of its own, and may end in any way without taking the process with it.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

async function run(script: string, order: object): Promise<Child> {
  const child = new Child({
    name: script,
    arguments: [join(import.meta.dirname, 'processes', script), JSON.stringify(order)],
    ipc: false,
    keepsOutput: true,
  })
  await child.ended
  return child
}

const openLoss = 'loss WORKER 2 null gone'

it.each([
  ['mesh', 'terminate', 0, ['updates', openLoss, 'updates', 'closed']],
  ['proxy', 'terminate', 0, ['updates', openLoss, 'updates', 'closed']],
  ['proxy', 'exit', 0, ['updates', openLoss, 'updates', 'closed']],
  ['proxy', 'throw', 0, ['updates', 'error boom', openLoss, 'updates', 'closed']],
  ['proxy', 'close', 0, ['updates', 'closed']],
  ['proxy', 'main-exit', 7, ['updates']],
  ['mesh', 'blocked-main-exit', 7, ['updates']],
] as const)(
  'in %s, a worker that ends by %s is told of as a process is, and its name is free',
  async (shape, how, code, output) => {
    const cluster = await TestCluster.start(shape)
    const options = { definition: cluster.definition, host: cluster.node().host }
    const child = await run('threads.ts', { options, how })
    expect(child.output.trim().split('\n'), child.log).toEqual(output)
    expect(await child.ended, child.log).toEqual({ code, signal: null })
  },
)

it('where the main thread has not imported the package, the refusal says what to do', async () => {
  const child = await run('unhosted.ts', { process: 'WORKER' })
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  expect(child.output).toMatch(/^WORKER_NOT_HOSTED .*add `import 'tidings'` there/)
})
