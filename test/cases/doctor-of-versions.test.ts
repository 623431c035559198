// `tidings doctor` looks at versions and clocks: what differs is provoked, and then what the doctor says is done until it
// is content.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { productVersion } from '../../src/base/product-version.ts'
import { wireVersion } from '../../src/model/wire-version.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { changedSources } from '../harness/changed-sources.ts'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { here, withClockOff } from '../harness/place.ts'
import { TestCluster, TestNode } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const doctor = (cluster: TestCluster) => cluster.run(['doctor'])

const says = (cluster: TestCluster, what: string) =>
  eventually(`the doctor to say ${what}`, async () => {
    const { code, output } = await doctor(cluster)
    return output.includes(what) ? { code } : null
  })

const contentOf = (cluster: TestCluster) =>
  eventually('the doctor to be content', async () => {
    const { code, output } = await doctor(cluster)
    const isAlike = output.includes(`✓  versions: all run version ${productVersion}\n`)
    return code === 0 && isAlike
  })

/** A node of the cluster that runs the sources of another folder. */
const nodeOf = (cluster: TestCluster, node: number, folder: string): TestNode => {
  const { host, state } = cluster.node(node)
  return new TestNode(host, cluster.definition, state, join(folder, 'bin', 'tidings.js'), here)
}

/** A process of the cluster that runs the sources of another folder. */
function processOf(cluster: TestCluster, name: string, folder: string): Child {
  const file = join(folder, `${name}.js`)
  writeFileSync(
    file,
    `import { openUpdateQueue } from './src/index.ts'
    await openUpdateQueue({ process: ${JSON.stringify(name)} })
    console.log('open')`,
  )
  return cluster.program([file])
}

it('nodes and processes run several versions of the package: a note', async () => {
  const folder = changedSources({ version: '0.0.9' })
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  const [one, two] = [cluster.node(0), cluster.node(1)]
  await one.start()
  const older = nodeOf(cluster, 1, folder)
  await older.start()
  const { code } = await says(
    cluster,
    `!  versions: nodes run several versions of tidings: ${productVersion} on ${one.host}; 0.0.9 on ${two.host}\n` +
      '   → that is so during an upgrade; finish it, one host after the other\n',
  )
  expect(code).toBe(0)
  await older.end('SIGTERM')
  await two.start()
  await contentOf(cluster)
  const old = processOf(cluster, 'OLD', folder)
  await old.prints(/^open$/)
  const told = `!  versions: the process OLD (pid ${old.pid}) on ${one.host} runs version 0.0.9, GENESIS_CLUSTER there version ${productVersion}\n`
  expect((await says(cluster, told)).code).toBe(0)
  await old.end('SIGTERM')
  await cluster.open('OLD')
  await contentOf(cluster)
})

it('GENESIS_CLUSTER runs another version than is installed: a note', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  const older = nodeOf(cluster, 0, changedSources({ version: '0.0.9' }))
  await older.start()
  const told = `!  versions: GENESIS_CLUSTER of this node runs version 0.0.9, and version ${productVersion} is installed here\n`
  expect((await says(cluster, told)).code).toBe(0)
  await older.end('SIGTERM')
  await cluster.node().start()
  await contentOf(cluster)
})

it('another node, and then a process, speaks another version of the wire', async () => {
  const folder = changedSources({ wire: wireVersion + 1 })
  const cluster = await TestCluster.reserve('mesh+relay', 2)
  const [one, two] = [cluster.node(0), cluster.node(1)]
  await one.start()
  const newer = nodeOf(cluster, 1, folder)
  await newer.start()
  const remedy = '   → install one version of tidings on all nodes, and start all processes again\n'
  const ofNode = `✗  versions: the node ${two.host} speaks version ${wireVersion + 1} of the wire, this node version ${wireVersion}: nothing that is published on one comes to the other\n${remedy}`
  expect((await says(cluster, ofNode)).code).toBe(1)
  await newer.end('SIGTERM')
  await two.start()
  await contentOf(cluster)
  const process = processOf(cluster, 'NEWER', folder)
  await process.ended
  const ofProcess = `✗  versions: ${one.host} refused the process NEWER (pid ${process.pid}), version ${wireVersion + 1} of the wire: it speaks version ${wireVersion}\n${remedy}`
  expect((await says(cluster, ofProcess)).code).toBe(1)
  await cluster.open('NEWER')
  await contentOf(cluster)
})

it.runIf(available('clocks that differ', 'faketime'))(
  'the wall clock of another node is wrong, and then set right',
  async () => {
    const cluster = await TestCluster.reserve('mesh+relay', 2)
    const [one, two] = [cluster.node(0), cluster.node(1)]
    await one.start()
    for (const [by, where] of [
      ['+90', 'ahead of'],
      ['-2', 'behind'],
    ] as const) {
      await two.start({}, withClockOff(by))
      const seconds = `${Math.abs(Number(by))}\\.\\d`
      const told = new RegExp(
        `✗ {2}clocks: the wall clock of ${two.host} is ${seconds} s ${where} that of this node \\(± \\d+ ms\\): .*\\n` +
          ' {3}→ let both hosts keep the same time',
      )
      const { code } = await eventually(`the doctor to see ${by}`, async () => {
        const asked = await doctor(cluster)
        return told.test(asked.output) ? asked : null
      })
      expect(code).toBe(1)
      await two.end('SIGTERM')
    }
    await two.start()
    await eventually('the doctor to be content', async () => {
      const { code, output } = await doctor(cluster)
      return code === 0 && /✓ {2}clocks: .* by less than \d+ ms\n/.test(output)
    })
  },
)
