import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'

endProcessesAfterEach()

const busy = (...words: string[]) =>
  new Child({
    name: 'npm run test:busy',
    arguments: [join(import.meta.dirname, 'busy.ts'), ...words],
    ipc: false,
    keepsOutput: true,
  })

async function loopsOf(child: Child): Promise<number[]> {
  const [, pids = ''] = await child.prints(/^busy loops: ([\d ]+)$/m)
  return pids.split(' ').map(Number)
}

/** Pid and group of every process that has not ended; one that has may stay in the list for a while. */
const running = (): [pid: number, group: number][] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      // The name of the program stands in parentheses, and may have some.
      const [state = '', , group] = stat(pid).split(') ').at(-1)?.split(' ') ?? []
      return state === '' || state === 'Z' ? [] : [[Number(pid), Number(group)]]
    })

/** Empty where it has ended meanwhile. */
function stat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return ''
  }
}

const isRunning = (pid: number) => running().some(([each]) => each === pid)

const isOver = (pids: readonly number[]) =>
  eventually('the busy loops have ended', () => !running().some(([pid]) => pids.includes(pid)))

const isOverGroup = (pid: number) =>
  eventually('the tests have ended', () => !running().some(([, group]) => group === pid))

it('runs the tests so often, tells each run, and leaves no loop behind', async () => {
  const child = busy('--times', '2', '--loops', '3', 'src/base/deque')
  const pids = await loopsOf(child)
  expect(pids).toHaveLength(3)
  expect(pids.filter(isRunning)).toEqual(pids)
  expect(await child.ended).toEqual({ code: 0, signal: null })
  expect(child.output).toMatch(/^run 1 of 2: passed, \d+ s$/m)
  expect(child.output).toMatch(/^run 2 of 2: passed, \d+ s$/m)
  expect(child.output).toMatch(/^runs took \d+, \d+ s\n2 passed, 0 failed\n$/m)
  await isOver(pids)
})

it('ends with 1 at the first run that fails', async () => {
  const child = busy('--times', '2', '--loops', '1', 'src/no-such-test')
  const pids = await loopsOf(child)
  expect(await child.ended).toEqual({ code: 1, signal: null })
  expect(child.output).toMatch(/^run 1 of 2: FAILED, \d+ s$/m)
  expect(child.output).toMatch(/^0 passed, 1 failed\n$/m)
  expect(child.output).not.toContain('run 2')
  await isOver(pids)
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('takes the loops and the tests with it when %s ends it', async (signal, code) => {
  const child = busy('--loops', '2')
  const pids = await loopsOf(child)
  const [, pid] = await child.prints(/^run 1 of 5: pid (\d+)$/m)
  // What vitest says first: npm says nothing where it was told to be silent.
  await child.prints(/RUN/)
  child.signal(signal)
  expect(await child.ended).toEqual({ code, signal: null })
  await isOver(pids)
  await isOverGroup(Number(pid))
})

it('loops end also where nobody could end them', async () => {
  const child = busy('--loops', '2', 'src/base/deque')
  const pids = await loopsOf(child)
  child.signal('SIGKILL')
  await isOver(pids)
})
