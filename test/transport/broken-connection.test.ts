import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'

endProcessesAfterEach()

it('W1: who has begun to take a message when its connection breaks lives on and hears the others', async () => {
  const child = new Child({
    name: 'subscriber',
    arguments: [join(import.meta.dirname, 'broken-connection-child.ts')],
    ipc: false,
  })
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  expect(child.log.trim()).toBe('20')
})
