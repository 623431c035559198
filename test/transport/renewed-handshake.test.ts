import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'

endProcessesAfterEach()

it('a process that makes a connection anew while it is in a handshake for the second time lives on', async () => {
  const child = new Child({
    name: 'publisher',
    arguments: [join(import.meta.dirname, 'renewed-handshake-child.ts')],
    ipc: false,
  })
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
  expect(child.log.trim()).toBe('alive')
})
