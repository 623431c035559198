import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { secondCopy } from '../harness/second-copy.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it.each(['mesh', 'proxy'] as const)(
  'in %s two copies of the package in one process each have a queue',
  async (shape) => {
    const cluster = await TestCluster.start(shape)
    const options = { definition: cluster.definition, host: cluster.node().host }
    const child = new Child({
      name: 'two copies',
      arguments: [
        join(import.meta.dirname, 'processes', 'two-copies.ts'),
        JSON.stringify(options),
        secondCopy(),
      ],
      ipc: false,
      keepsOutput: true,
    })
    expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
    expect(child.output).toBe('LIBRARY\nCLOSED [CLOSED]\nclosed\n')
  },
)
