// `tidings cluster` as a service of systemd: it says when it is ready, what it does, that it lives, and that it ends. What
// listens is a program of Python at a socket as systemd's is.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available, python } from '../harness/tools.ts'

endProcessesAfterEach()

const receiver = join(repository, 'test', 'system', 'processes', 'service_manager.py')

async function listen(): Promise<{ env: Record<string, string>; manager: Child }> {
  const path = join(scratchDirectory(), 'notify')
  const words = { program: python() ?? '', arguments: [receiver, path] }
  const manager = new Child({ name: 'service_manager.py', ...words, ipc: false, keepsOutput: true })
  await manager.says(/^ready$/m)
  return { env: { NOTIFY_SOCKET: path }, manager }
}

it.runIf(available('a service manager', 'python', 'systemd-notify'))(
  'says that it is ready, that it lives, what has changed, and last that it ends',
  async () => {
    const { env, manager } = await listen()
    const cluster = await TestCluster.reserve('mesh', 1)
    const { host } = cluster.node()
    await cluster.node().start({ ...env, WATCHDOG_USEC: '2000000' })
    await manager.prints(/^READY=1$/)
    await manager.prints(new RegExp(`^STATUS=node ${host}: 0 processes$`))
    await cluster.open('READER')
    await manager.prints(new RegExp(`^STATUS=node ${host}: 1 process$`))
    const beats = () => manager.lines.filter((line) => line === 'WATCHDOG=1').length
    await eventually('three signs of life', () => beats() >= 3)
    await cluster.node().end('SIGTERM')
    expect(manager.lines.at(-1)).toBe('STOPPING=1')
    expect(manager.lines[0]).toBe('READY=1')
  },
)

it('where there is no systemd-notify it works all the same, and says what to do', async () => {
  const cluster = await TestCluster.reserve('mesh', 1)
  const nowhere = { NOTIFY_SOCKET: join(scratchDirectory(), 'notify'), PATH: '' }
  await cluster.node().start(nowhere)
  await cluster
    .node()
    .child.says(/warning: the service manager cannot be told .* install systemd-notify/)
  await cluster.open('READER')
})

it.runIf(available('unit files', 'systemd-analyze'))('systemd finds no fault in the units', () => {
  const folder = join(repository, 'deploy', 'systemd')
  const files = readdirSync(folder).filter((file) => file.endsWith('.service'))
  const units = files.map((file) => join(folder, file))
  expect(units).toHaveLength(2)
  // It says what it finds on standard error and ends with 0 all the same.
  const words = ['-c', 'systemd-analyze verify "$@" 2>&1', 'sh', ...units]
  expect(execFileSync('sh', words, { encoding: 'utf8' })).toBe('')
})
