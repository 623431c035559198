/** One process of this benchmark: does what its parent asks, one call at a time. */
import type { Delivery, Subscription, UpdateQueue } from '../../src/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { Loading } from './load.ts'
import type { Answer, Call, Calls } from './peer-message.ts'
import { Reception } from './reception.ts'

let queue: UpdateQueue | null = null
let subscription: Subscription | null = null
let reception = new Reception(null)

const at = (): bigint => process.hrtime.bigint()

function opened(): UpdateQueue {
  if (!queue) throw new Error('the queue is not open')
  return queue
}

type Actions = {
  [Name in keyof Calls]: (argument: Calls[Name]['argument']) => Promise<Calls[Name]['result']>
}

const actions: Actions = {
  open: async (options) => {
    queue = await openUpdateQueue({ ...options, drainMs: 60_000 })
    return { at: at() }
  },
  subscribe: async ({ tables, commitUpdates = null }) => {
    const mine = new Reception(commitUpdates)
    reception = mine
    const calledAt = at()
    subscription = opened().subscribe(tables, {
      onDelivery: (delivery: Delivery) => mine.take(delivery),
    })
    await subscription.ready
    const readyAt = at()
    return { at: readyAt, ms: Number(readyAt - calledAt) / 1e6 }
  },
  received: async (updates) => reception.received(updates),
  load: async (load) => new Loading(opened(), load).run(),
  /** User and system time so far, milliseconds. */
  cpu: async () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  },
  unsubscribe: async () => {
    await subscription?.stop()
    await subscription?.closed
    return null
  },
  close: async () => {
    await queue?.close()
    return null
  },
}

const tell = (message: Answer | 'started'): void => void process.send?.(message)

async function answer({ name, argument }: Call): Promise<void> {
  const action = actions[name] as (argument: unknown) => Promise<unknown>
  try {
    tell({ result: await action(argument) })
  } catch (error) {
    tell({ error: String(error) })
  }
  if (name === 'close') process.disconnect()
}

process.on('message', (call: Call) => void answer(call))
process.on('disconnect', () => process.exit())
tell('started')
