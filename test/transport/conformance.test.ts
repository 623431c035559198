import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { transportConformance } from '../../src/testing/transport-conformance.ts'
import { loopbackAddresses } from '../../src/transport/zeromq/access-list.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { NodeProcess } from './node-process.ts'

describe.each(['mesh', 'proxy'] as const)('ZeroMQTransport in %s mode', (mode) => {
  const makeCluster = async () => {
    const node = await NodeProcess.start()
    return {
      direct: mode === 'mesh',
      mode,
      node: 'n',
      transport: (role: 'process' | 'script' | 'cluster') =>
        new ZeroMQTransport({
          mode,
          role,
          nodeAddress: '127.0.0.1',
          bindAddress: '127.0.0.1',
          allowed: loopbackAddresses,
          ports: node.ports,
          clusterTimeoutMs: 10_000,
          wantsPort: role === 'process',
          clock: systemClock,
          random: Math.random,
        }),
      close: () => node.kill(),
    }
  }
  it.each(transportConformance(mode, makeCluster))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined()
  })
})
