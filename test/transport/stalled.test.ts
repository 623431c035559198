import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { XPublisher } from 'zeromq'
import { boundXpub, socketLimits } from '../../src/sockets/socket-options.ts'
import { AccessList } from '../../src/sockets/access-list.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'

endProcessesAfterEach()

const script = join(import.meta.dirname, 'stalled-child.ts')

/** Long enough for two pings, if there were any, behind the end of the connection. */
const blockedMs = 4 * socketLimits.heartbeatIntervalMs

const turnsWhenFull = 5_000

it('who stands still with a full queue outlives the publisher that filled it', async () => {
  const access = await AccessList.open(() => undefined)
  access.load(['127.0.0.1'])
  const [port] = await freePorts('127.0.0.1', 1)
  const endpoint = `tcp://127.0.0.1:${port}`
  /** A port is free a moment after its socket was closed. */
  const open = async () => {
    const publisher = new XPublisher({ ...boundXpub(access.domain), noDrop: true })
    const bind = () =>
      publisher.bind(endpoint).then(
        () => true,
        () => false,
      )
    await eventually('the port is free', bind)
    return publisher
  }
  const first = await open()
  const child = new Child({
    name: 'stalled',
    arguments: [script, endpoint, String(blockedMs)],
    ipc: true,
  })
  let isBlocked = false
  void once(child.process, 'message').then(() => (isBlocked = true))
  const message = Buffer.alloc(64 * 1024)
  while (!isBlocked) {
    await first.send(message).catch(() => undefined)
    await nextTurn()
  }
  // Full from end to end: nothing has gone through for many turns.
  for (let refused = 0; refused < turnsWhenFull; await nextTurn())
    refused = await first.send(message).then(
      () => 0,
      () => refused + 1,
    )
  first.close()
  const second = await open()
  while (!child.hasEnded) {
    void second.send('end').catch(() => undefined)
    await nextTurn()
  }
  second.close()
  await access.close()
  expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
})
