import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { pidScope } from '../base/pid-scope.ts'
import { LinuxLiveness, PosixLiveness } from './process-liveness.ts'

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function otherProcess() {
  const script = 'process.send(performance.timeOrigin); setInterval(() => {}, 1e6)'
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 2, 'ipc'] })
  children.push(child)
  const startedAt = await new Promise<number>((resolve) => child.once('message', resolve))
  const end = async () => {
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  return { pid: child.pid ?? 0, startedAt, end }
}

const kinds = [
  ...(process.platform === 'linux' ? [['/proc', () => new LinuxLiveness()] as const] : []),
  ['ps', () => new PosixLiveness()] as const,
]

describe.each(kinds)('by %s', (_, make) => {
  test('D23: a process is alive until it has ended', async () => {
    const { pid, startedAt, end } = await otherProcess()
    const liveness = make()
    const identity = liveness.identify(pid, startedAt)
    expect(identity).not.toBeNull()
    expect(liveness.check(pid, identity, true)).toBe('alive')
    await end()
    expect(liveness.check(pid, identity)).toBe('dead')
  })

  test('D23: another process under the same pid is another life', async () => {
    const liveness = make()
    const identity = liveness.identify(process.pid, performance.timeOrigin)
    const { pid, startedAt } = await otherProcess()
    const other = liveness.identify(pid, startedAt)
    expect(liveness.check(process.pid, identity, true)).toBe('alive')
    // ps tells starts by the second, so two lives of one second cannot be told apart by it.
    if (other !== identity) expect(liveness.check(process.pid, other, true)).toBe('dead')
  })

  test('D23: a process that started at another time is of unknown fate', () => {
    const liveness = make()
    expect(liveness.identify(process.pid, performance.timeOrigin - 60_000)).toBeNull()
    expect(liveness.check(process.pid, null)).toBe('unknown')
  })
})

test.runIf(process.platform === 'linux')(
  'D23: a life of another boot is over, of another pid namespace unknown',
  () => {
    const liveness = new LinuxLiveness()
    const identity = liveness.identify(process.pid, performance.timeOrigin) ?? ''
    const [boot, namespace, ticks] = identity.split('/')
    expect(liveness.check(process.pid, `other/${namespace}/${ticks}`)).toBe('dead')
    expect(liveness.check(process.pid, `${boot}/pid:[1]/${ticks}`)).toBe('unknown')
  },
)

test.runIf(process.platform === 'linux')(
  'D23: a process that ended before it was looked at is dead, unless its pid is of another namespace',
  async () => {
    const { pid, startedAt, end } = await otherProcess()
    await end()
    const liveness = new LinuxLiveness()
    expect(liveness.check(pid, liveness.identify(pid, startedAt, pidScope()))).toBe('dead')
    expect(liveness.identify(pid, startedAt, 'boot/pid:[1]')).toBeNull()
    expect(liveness.identify(pid, startedAt, null)).toBeNull()
  },
)
