import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { NodeMode, ProcessRole } from '../../src/model/roster-entry.ts'
import { transportConformance } from '../../src/testing/transport-conformance.ts'
import { ThreadHost } from '../../src/transport/thread/thread-host.ts'
import { ThreadTransport, type AskHost } from '../../src/transport/thread/thread-transport.ts'
import { loopbackAddresses } from '../../src/sockets/access-list.ts'
import { loadZeroMQTransport } from '../../src/transport/zeromq/connections/load-transport.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { NodeProcess } from './node-process.ts'
import { patienceMs } from '../harness/eventually.ts'

/** An address of its own: GENESIS_CLUSTERs that know nothing of each other hand out the same ports. */
const ownAddress = `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(2, 255)}`

const clusters = {
  'small cluster': {
    parts: ['data'],
    node: 'n',
    address: '127.0.0.1',
    start: async () => NodeProcess.start(),
  },
  GENESIS_CLUSTER: {
    parts: ['data', 'roster', 'restart'],
    node: ownAddress,
    address: ownAddress,
    start: async (mode: NodeMode) => {
      const node = await NodeProcess.reserve()
      await node.runGenesisCluster(ownAddress, mode, state)
      return node
    },
  },
} as const

/** Both sides in one thread: the port between them is the same. */
const hostHere: AskHost = async ({ choice, port }) => {
  void new ThreadHost(port, () => loadZeroMQTransport(choice))
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
}

let state = ''
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'tidings-transport-'))
})
afterEach(() => rmSync(state, { recursive: true, force: true }))

describe.each([
  ['ZeroMQTransport', 'mesh', 'small cluster'],
  ['ZeroMQTransport', 'proxy', 'small cluster'],
  ['ZeroMQTransport', 'mesh', 'GENESIS_CLUSTER'],
  ['ZeroMQTransport', 'proxy', 'GENESIS_CLUSTER'],
  ['ThreadTransport', 'mesh', 'small cluster'],
] as const)('%s in %s mode, with %s', (side, mode, kind) => {
  const makeCluster = async () => {
    const node = await clusters[kind].start(mode)
    return {
      direct: mode === 'mesh',
      mode,
      node: clusters[kind].node,
      transport: (role: ProcessRole) => {
        const choice = {
          mode,
          role,
          nodeAddress: clusters[kind].address,
          bindAddress: clusters[kind].address,
          allowed: loopbackAddresses,
          ports: node.ports,
          clusterTimeoutMs: patienceMs,
          wantsPort: role === 'process',
        }
        return side === 'ZeroMQTransport'
          ? new ZeroMQTransport({ ...choice, clock: systemClock, random: Math.random })
          : new ThreadTransport(choice, systemClock, hostHere)
      },
      restartRoster: async (keepsRoster: boolean) => {
        await node.kill()
        if (!keepsRoster) emptyFolder(state)
        await node.runGenesisCluster(ownAddress, mode, state)
      },
      close: () => node.kill(),
    }
  }
  it.each(transportConformance(mode, makeCluster, clusters[kind].parts))('$name', async (each) => {
    await expect(each.run()).resolves.toBeUndefined()
  })
})
