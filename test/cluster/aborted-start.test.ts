import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { nodesAt, settingsOf, stateDirectory, stopAll } from './running-cluster.ts'

afterEach(stopAll)

test.each([0, 200, 1_200])(
  'a start that is aborted after %i ms fails with ABORTED and leaves nothing open',
  async (ms) => {
    const settings = settingsOf(await nodesAt('127.0.0.1', '127.0.0.2'))
    const script = new URL('aborted-start-child.ts', import.meta.url)
    const child = fork(script, [JSON.stringify(settings), stateDirectory(), String(ms)], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      execArgv: [],
    })
    const ended = once(child, 'exit')
    const [outcome] = (await once(child, 'message')) as [string]
    // Later than that it may have started, and is closed.
    if (ms < 1_000) expect(outcome).toBe('ABORTED')
    expect(await ended).toEqual([0, null])
  },
)
