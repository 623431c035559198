import { expect, it } from 'vitest'
import type { TransportHandlers } from '../transport/transport.ts'
import { MemoryCluster } from '../transport/memory/meeting/memory-cluster.ts'
import { MemoryTransport } from '../transport/memory/memory-transport.ts'
import { openUpdateQueue } from './open-update-queue.ts'

/** A transport whose node is told by the test whom it cannot reach. */
class OutOfReach extends MemoryTransport {
  #told: TransportHandlers | null = null

  override open(...given: Parameters<MemoryTransport['open']>) {
    this.#told = given.find((each): each is TransportHandlers => 'message' in (each ?? {})) ?? null
    return super.open(...given)
  }

  unreachable(...names: string[]): void {
    this.#told?.roster({ entries: [], histories: [], settled: true, unreachable: names })
  }
}

it('a subscription names who cannot be reached, as long as that is so', async () => {
  const transport = new OutOfReach({ cluster: new MemoryCluster(), node: 'n' })
  await using queue = await openUpdateQueue({ process: 'S', transport })
  const trades = queue.subscribe('TRADE')
  await trades.ready
  expect(trades.unreachable).toEqual([])
  transport.unreachable('host2', 'PRICES')
  expect(trades.unreachable).toEqual(['host2', 'PRICES'])
  expect(queue.subscribe('POSITION').unreachable).toEqual(['host2', 'PRICES'])
  transport.unreachable('PRICES')
  expect(trades.unreachable).toEqual(['PRICES'])
  transport.unreachable()
  expect(trades.unreachable).toEqual([])
})
