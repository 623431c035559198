import { expect, it } from 'vitest'
import { Dealer, Router } from 'zeromq'
import { wireVersion } from '../../src/model/wire-version.ts'
import { openUpdateQueue } from '../../src/queue/open-update-queue.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { freeClusterPorts, writeDefinition } from '../harness/definition-file.ts'
import { nodeAddresses } from '../harness/loopback.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

/** What a GENESIS_CLUSTER of version 1 of the wire, which did not say so, answers every registration with. */
async function answerAsVersion1(socket: Router): Promise<void> {
  for await (const [route, frame] of socket) {
    const { id } = JSON.parse(String(frame)) as { readonly id: number }
    const answer = { type: 'registered', id, processPort: 11_000, linked: false }
    await socket.send([route as Buffer, JSON.stringify(answer)])
  }
}

it('a process that meets a GENESIS_CLUSTER of an older wire is told both versions and what to do', async () => {
  const [host = ''] = nodeAddresses(1)
  const ports = await freeClusterPorts(host)
  const definition = writeDefinition(scratchDirectory(), 'mesh', [host], ports)
  const registry = new Router({ linger: 0 })
  await registry.bind(`tcp://${host}:${ports.registry}`)
  const answering = answerAsVersion1(registry)
  const opening = openUpdateQueue({ process: 'NEWER', definition, host })
  await expect(opening).rejects.toMatchObject({ code: 'MODE_MISMATCH' })
  await expect(opening).rejects.toThrow(
    `GENESIS_CLUSTER speaks version 1 of the wire, this process version ${wireVersion}: use one version of tidings on all nodes`,
  )
  registry.close()
  await answering
})

it('a process of an older wire that meets GENESIS_CLUSTER is told so, and the log names it', async () => {
  const cluster = await TestCluster.start('mesh')
  const { host, child } = cluster.node()
  const process = new Dealer({ linger: 0 })
  process.connect(`tcp://${host}:${cluster.ports.registry}`)
  const registration = {
    node: host,
    process: 'OLDER',
    instance: 'b',
    incarnation: '1'.repeat(32),
    role: 'process',
    pid: 4711,
    startedAt: 1,
    mode: 'mesh',
    processPort: null,
    zeromqPort: null,
    publishes: [],
    subscribes: [],
    state: 'alive',
    last: null,
    connections: { processes: 0, outbound: 0, inbound: 0, export: 0 },
    sequences: [],
  }
  const seen = { history: null, version: 0 }
  // As version 1 said it: without the version.
  await process.send(
    JSON.stringify({ type: 'register', id: 1, seen, registration, wantsPort: true }),
  )
  const [answer] = await process.receive()
  const why = `this process speaks version 1 of the wire, GENESIS_CLUSTER version ${wireVersion}: use one version of tidings on all nodes`
  expect(JSON.parse(String(answer))).toEqual({
    type: 'refused',
    code: 'MODE_MISMATCH',
    message: why,
  })
  await child.says(/process OLDER\/b refused: pid 4711: this process speaks version 1 of the wire/)
  process.close()
})
