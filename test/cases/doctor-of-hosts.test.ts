// `tidings doctor`, what needs a machine of its own to go wrong: each is provoked, and then what the doctor says is done
// until it is content.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { Network } from '../harness/network.ts'
import { type Place, inside } from '../harness/place.ts'
import { command, TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

async function doctor(cluster: TestCluster, words: readonly string[] = [], node = 0) {
  const { code, output } = await cluster.run(['doctor', ...words], '', node)
  return { code, output }
}

const contentOf = (cluster: TestCluster) =>
  eventually('the doctor to be content', async () => (await doctor(cluster)).code === 0)

it('a process stands still', async () => {
  const cluster = await TestCluster.start('mesh', 1)
  const sleeper = await cluster.open('SLEEPER')
  const { pid } = sleeper.child
  sleeper.child.signal('SIGSTOP')
  await eventually('the doctor to see it', async () => {
    const { output } = await doctor(cluster)
    return output.includes(
      `!  cluster: the process SLEEPER (pid ${pid}) has said nothing to GENESIS_CLUSTER for 10 s\n` +
        '   → see whether it lives and whether its event loop stands still\n',
    )
  })
  sleeper.child.signal('SIGCONT')
  await eventually('the doctor to see nothing', async () => {
    const { output } = await doctor(cluster)
    return !output.includes('SLEEPER')
  })
})

/** With a disk of that size at the folder. */
const smallDiskAt = (folder: string, size: string): Place => ({
  before: [
    'unshare',
    '--mount',
    '--',
    'sh',
    '-c',
    `mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`,
    folder,
  ],
  containers: 0,
})

it.runIf(available('a small disk', 'mount'))(
  'the disk of the state folder is nearly full',
  async () => {
    const cluster = await TestCluster.start('mesh', 1)
    const { host, state, place } = cluster.node()
    const withDisk = async (size: string) => {
      const child = new Child({
        name: 'tidings doctor',
        program: process.execPath,
        arguments: [command, 'doctor', '--definition', cluster.definition, '--host', host],
        env: { TIDINGS_STATE: state },
        place: inside(place, smallDiskAt(state, size)),
        ipc: false,
        keepsOutput: true,
      })
      const { code } = await child.ended
      return { code, output: child.output }
    }
    const { code, output } = await withDisk('1m')
    expect(code).toBe(1)
    expect(output).toMatch(
      /✗ {2}state folder: the disk of the state folder \S+ has [\d,]+ bytes left, and 16,777,216 are wanted\n {3}→ make room there/,
    )
    expect((await withDisk('32m')).code).toBe(0)
  },
)

const networks = available('machines with networks of their own', 'network', 'nft')

it.runIf(networks)('the address of this host is one of another machine', async () => {
  const { machines } = new Network(2)
  const [one, other] = [machines[0], machines[1]]
  if (!one || !other) throw new Error('two machines')
  const cluster = await TestCluster.reserve('mesh+relay', 2, { machines })
  const wrong = await cluster.run(['doctor', '--host', other.name], '', 0)
  expect(wrong.output).toContain(
    `(ClusterPort) cannot be bound at ${other.address}: it is no address of this machine\n` +
      '   → correct what the name of this host resolves to, or say which host this is: --host\n',
  )
  expect((await doctor(cluster)).output).toContain(`are free at ${one.address}\n`)
})

it.runIf(networks)('multicast does not go to one host, and then to none', async () => {
  const { machines } = new Network(2)
  const cluster = await TestCluster.start('mesh+multicast', 2, { machines })
  await contentOf(cluster)
  const [one, other] = [machines[0], machines[1]]
  if (!one || !other) throw new Error('two machines')
  const sees = (what: string) =>
    eventually(`the doctor to say ${what}`, async () => {
      const { code, output } = await doctor(cluster)
      return code === 1 && output.includes(what)
    })
  const udp = 'meta l4proto udp drop'
  other.rule(udp)
  await sees(`✗  links: datagrams of ${one.name} do not come to ${other.name} by multicast`)
  one.rule(udp)
  await sees('✗  links: no node hears another one by multicast')
  one.heal()
  other.heal()
  await contentOf(cluster)
})
