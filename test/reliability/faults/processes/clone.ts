/** A copy of a publisher's memory, as others see it: its incarnation and numbers, with other bytes. */
import { setTimeout as pause } from 'node:timers/promises'
import { Publisher as PublisherSocket } from 'zeromq'
import type { PublisherIdentity } from '../../../../src/index.ts'
import { Publisher } from '../../../../src/publisher/publisher.ts'
import { defaultPublisherLimits } from '../../../../src/publisher/publisher-limits.ts'
import { orderRecord } from '../order.ts'
import { serve } from '../serve.ts'

export interface Cloning {
  readonly identity: PublisherIdentity
  readonly inbound: string
  readonly table: string
  readonly updates: number
}

const againMs = 20

let isOver = false

const calls = {
  /** Sends the first updates of that publisher again and again, until `stop`. */
  clone({ identity, inbound, table, updates }: Cloning) {
    const socket = new PublisherSocket({ sendTimeout: 0, linger: 0 })
    socket.connect(inbound)
    const batches: Buffer[] = []
    const publisher = new Publisher(identity, [table], defaultPublisherLimits, performance.now())
    publisher.onRegistered([table], performance.now())
    while (publisher.nextMessage());
    for (let number = 1; number <= updates; number += 1) {
      const record = orderRecord('CLONE', number, 1, 0)
      publisher.publish([{ table, kind: 'delete', record }])
      publisher.endTurn(performance.now(), Date.now())
      for (let next; (next = publisher.nextMessage());) batches.push(Buffer.from(next.bytes))
    }
    void (async () => {
      while (!isOver) {
        for (const batch of batches) await socket.send(batch)
        await pause(againMs)
      }
      socket.close()
    })()
  },
  stop() {
    isOver = true
  },
}

export type CloneCalls = typeof calls

serve(calls)
