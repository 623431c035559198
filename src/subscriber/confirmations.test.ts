import { expect, it } from 'vitest'
import type { Request } from '../model/request.ts'
import { Confirmations } from './confirmations.ts'
import type { SubscribedTables } from './subscribed-tables.ts'

const incarnation = 'f'.repeat(32)
const tables = Array.from({ length: 4_096 }, (_, index) => `T${index}`)

/** How far one subscription to all tables has got; counts how often a stream is looked at. */
class Progress implements Pick<SubscribedTables, 'wants' | 'confirmed' | 'confirmedIn'> {
  reached = 0
  looks = 0

  wants(): boolean {
    return true
  }

  confirmed() {
    return tables.slice(0, this.reached).map((table) => ({ table, last: 1 }))
  }

  confirmedIn(_: string, table: string): number {
    this.looks += 1
    return tables.indexOf(table) < this.reached ? 1 : -Infinity
  }
}

it('D19: what is asked for is looked at as far as the first stream that is not there, and each once', () => {
  const requests: Request[] = []
  const confirmations = new Confirmations('s', {
    request: (request) => void requests.push(request),
  })
  const progress = new Progress()
  const subscriptions = [progress as unknown as SubscribedTables]
  const streams = tables.map((table) => ({ table, last: 1 }))
  confirmations.asked(incarnation, streams, subscriptions)
  expect(requests).toMatchObject([{ streams: [] }])
  for (; progress.reached < tables.length; progress.reached += 1)
    confirmations.progressed(subscriptions)
  expect(requests).toHaveLength(1)
  confirmations.progressed(subscriptions)
  expect(requests.length).toBeGreaterThan(1)
  expect(progress.looks).toBeLessThan(3 * tables.length)
})
