import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { NodeMode, ProcessRole } from '../../src/model/roster.ts'
import { transportConformance } from '../../src/testing/transport-conformance.ts'
import { loopbackAddresses } from '../../src/transport/zeromq/access-list.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { NodeProcess } from './node-process.ts'

const clusters = {
  'small cluster': {
    node: 'n',
    start: async () => NodeProcess.start(),
  },
  GENESIS_CLUSTER: {
    node: '127.0.0.1',
    start: async (mode: NodeMode) => {
      const node = await NodeProcess.reserve()
      await node.runGenesisCluster(mode, state)
      return node
    },
  },
}

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'tidings-transport-'))
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

describe.each([
  ['mesh', 'small cluster'],
  ['proxy', 'small cluster'],
  ['mesh', 'GENESIS_CLUSTER'],
  ['proxy', 'GENESIS_CLUSTER'],
] as const)('ZeroMQTransport in %s mode, with %s', (mode, kind) => {
  const makeCluster = async () => {
    const node = await clusters[kind].start(mode)
    return {
      direct: mode === 'mesh',
      mode,
      node: clusters[kind].node,
      transport: (role: ProcessRole) =>
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
