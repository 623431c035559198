import { chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { newKeyPair } from '../../src/model/key-pair.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { listeningEndpointsOf } from '../harness/ports-of-process.ts'
import { asUser } from '../harness/place.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'
import { expectAllOf, sum } from './judgement.ts'
import { outsiderTypes } from './outsider.ts'

endProcessesAfterEach()

const script = join(repository, 'test', 'system', 'processes', 'another-user.ts')
const nobody = 65_534

it.runIf(available('another user of this host at its ports', 'setpriv'))(
  'another user of the host reads neither the key nor the state, comes in at no port, and changes nothing',
  async () => {
    const ours = newKeyPair()
    const cluster = await TestCluster.start('mesh', 1, { keys: [ours] })
    // The way there is open, as it is where all is in a folder of the system: only the modes of the product stand.
    chmodSync(dirname(cluster.definition), 0o755)
    const publisher = await cluster.open('PUBLISHER')
    const subscriber = await cluster.open('SUBSCRIBER')
    await subscriber.subscribe('*')
    await publisher.load()
    const { child, state } = cluster.node()
    const pids = [child, publisher.child, subscriber.child].map(({ pid }) => pid)
    const ports = pids.flatMap(listeningEndpointsOf)
    const files = [cluster.definition, cluster.keyFile, state]
    const visitor = new Child({
      name: 'another user',
      arguments: [script, JSON.stringify({ files, ports, publicKey: ours.public })],
      place: asUser(nobody),
      ipc: false,
      keepsOutput: true,
    })
    expect(await visitor.ended).toMatchObject({ code: 0 })
    const said = (word: string) => visitor.lines.filter((line) => line.startsWith(word))
    // The definition is no secret: that it is read shows that the visitor looks where it should.
    expect(said('read')).toEqual([expect.stringContaining(cluster.definition)])
    expect(said('not read').length).toBeGreaterThan(1)
    expect(said('in')).toEqual([])
    expect(said('refused')).toHaveLength(ports.length * Object.keys(outsiderTypes).length * 2)
    expect(said('refused').filter((line) => !line.endsWith(': 0 heard'))).toEqual([])

    const published = await publisher.stop()
    const report = await subscriber.receives({ updates: sum(published) })
    expectAllOf(report, 'PUBLISHER', published)
    expect(report.foreign).toEqual([])
    const logs = [child, publisher.child, subscriber.child, visitor].map(({ log }) => log).join('')
    expect(logs).not.toContain(ours.secret)
  },
)
