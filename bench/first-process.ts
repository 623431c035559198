// One process of `bench/first.ts`: node first-process.ts ROLE UPDATES [PORT]
import { setImmediate as turn } from 'node:timers/promises'
import * as zmq from 'zeromq'
import { openUpdateQueue } from '../src/index.ts'
import { cpuMs, tellParent, told } from './children.ts'
import { expectedSum, type Trade, trade } from './rows.ts'

const [role = '', updatesText = '0', port = '0'] = process.argv.slice(2)
const updates = Number(updatesText)

/** Published in one turn of the event loop, as a bulk load does. */
const perTurn = 1000
/** A bulk load waits for its subscribers after so many updates: about 16 MiB of JSON. */
const perFlush = 65_536

const now = (): string => process.hrtime.bigint().toString()

class Receiver {
  #received = 0
  #sum = 0
  #startedAt = ''

  take(record: Trade): void {
    if (this.#received === 0) this.#startedAt = now()
    this.#sum += record.QUANTITY
    if (++this.#received < updates) return
    if (this.#sum !== expectedSum(updates)) throw new Error('the sum of what arrived is wrong')
    tellParent({ type: 'done', startedAt: this.#startedAt, endedAt: now(), cpuMs: cpuMs() })
  }
}

async function publishTidings(): Promise<void> {
  const queue = await openUpdateQueue<{ TRADE: Trade }>({ process: 'BENCH_PUBLISHER' })
  tellParent({ type: 'ready' })
  await told('go')
  const startedAt = now()
  // Flow control with two windows: while one is being confirmed, the next is filled.
  let confirmed: Promise<unknown> = Promise.resolve()
  for (let index = 0; index < updates; index++) {
    queue.publish({ table: 'TRADE', kind: 'insert', record: trade(index) })
    if (index % perFlush === perFlush - 1) {
      await confirmed
      confirmed = queue.flush()
    } else if (index % perTurn === perTurn - 1) await turn()
  }
  const { missing } = await queue.flush()
  if (missing.length > 0) throw new Error('a subscriber did not confirm')
  tellParent({ type: 'done', startedAt, endedAt: now(), cpuMs: cpuMs() })
  await told('end')
  await queue.close()
  process.disconnect()
}

async function subscribeTidings(): Promise<void> {
  const queue = await openUpdateQueue<{ TRADE: Trade }>({ process: 'BENCH_SUBSCRIBER' })
  const receiver = new Receiver()
  const subscription = queue.subscribe('TRADE', {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss') throw new Error(`lost: ${JSON.stringify(delivery.losses)}`)
      for (const { record } of delivery.updates) receiver.take(record)
    },
  })
  await subscription.ready
  tellParent({ type: 'ready' })
  await told('end')
  await queue.close()
  process.disconnect()
}

async function publishRaw(): Promise<void> {
  const socket = new zmq.Publisher({ sendHighWaterMark: 0, linger: 0 })
  await socket.bind(`tcp://127.0.0.1:${port}`)
  tellParent({ type: 'ready' })
  await told('go')
  const startedAt = now()
  for (let index = 0; index < updates; index++)
    await socket.send(['update/TRADE/', JSON.stringify(trade(index))])
  tellParent({ type: 'done', startedAt, endedAt: now(), cpuMs: cpuMs() })
  await told('end')
  socket.close()
  process.disconnect()
}

async function subscribeRaw(): Promise<void> {
  const socket = new zmq.Subscriber({ receiveHighWaterMark: 0, linger: 0 })
  // Watched before it connects: a handshake that nobody saw would be waited for without end.
  const connected = new Promise<void>((resolve) => socket.events.on('handshake', () => resolve()))
  socket.connect(`tcp://127.0.0.1:${port}`)
  socket.subscribe('update/TRADE/')
  const receiver = new Receiver()
  void (async () => {
    for await (const [, payload] of socket)
      receiver.take(JSON.parse(payload?.toString() ?? '') as Trade)
  })()
  await connected
  tellParent({ type: 'ready' })
  await told('end')
  socket.close()
  process.disconnect()
}

const roles: Record<string, () => Promise<void>> = {
  'tidings-publisher': publishTidings,
  'tidings-subscriber': subscribeTidings,
  'raw-publisher': publishRaw,
  'raw-subscriber': subscribeRaw,
}
await roles[role]?.()
