import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'

endProcessesAfterEach()

const script = join(import.meta.dirname, 'blocked-reader-child.ts')
const readers = 4
const rounds = 2

it('who stands still with a full queue for longer than heartbeats allow lives on and is reconnected', async () => {
  const publisher = new XPublisher({ sendHighWaterMark: 512, sendTimeout: 0, linger: 0 })
  await publisher.bind('tcp://127.0.0.1:*')
  const children = Array.from(
    { length: readers },
    (_, index) =>
      new Child({
        name: `reader ${index}`,
        arguments: [script, publisher.lastEndpoint ?? '', String(rounds)],
        ipc: true,
      }),
  )
  let left = readers
  for (const child of children) void child.ended.then(() => (left -= 1))
  const message = Buffer.alloc(4096)
  while (left > 0) {
    for (let sent = 0; sent < 50; sent += 1)
      void publisher.send(['table/TRADE/', message]).catch(() => undefined)
    await nextTurn()
  }
  publisher.close()
  for (const child of children)
    expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
})
