import { fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import type { AbortedStart } from './aborted-start-child.ts'
import { nodesAt, settingsOf, stateDirectory, stopAll } from './running-cluster.ts'

afterEach(stopAll)

const pointsOf = (part: string) => [`${part} begins`, `${part} goes on`, `${part} has ended`]

/** Where a start waits, in order. */
const ofCluster = [
  'the look-up begins',
  'the look-up goes on',
  ...pointsOf('AccessList.open'),
  ...pointsOf('DataPath.bind'),
  ...pointsOf('RegistrationPort.open'),
  ...pointsOf('Membership.open'),
  ...pointsOf('OwnPort.bind'),
  'DataPath.run begins',
  // From here on it waits for a message to come through the bus.
  'DataPath.run has ended',
]

const doors = {
  alone: ['it begins', ...ofCluster, 'ready begins', 'it has said ready'],
  'with intake': [
    'it begins',
    ...pointsOf('Intake.open'),
    ...pointsOf('Intake.foreignAt'),
    ...ofCluster,
    ...pointsOf('IntakePublisher.open'),
    'ready begins',
  ],
}

test.each(Object.entries(doors))(
  'a start of GENESIS_CLUSTER %s that is aborted fails with ABORTED wherever it is, begins nothing more and leaves nothing open',
  async (door, points) => {
    const settings = settingsOf(await nodesAt('127.0.0.1', '127.0.0.2'))
    const script = new URL('aborted-start-child.ts', import.meta.url)
    const child = fork(script, [JSON.stringify(settings), stateDirectory(), door], {
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      execArgv: [],
    })
    const ended = once(child, 'exit')
    const starts: AbortedStart[] = []
    child.on('message', (each: AbortedStart) => starts.push(each))
    try {
      await once(child, 'disconnect')
      expect(starts).toEqual([
        ...points.map((point) => ({ point, outcome: 'ABORTED', begunAfter: [], leftOpen: [] })),
        { point: null, outcome: 'started', begunAfter: [], leftOpen: [] },
      ])
      expect(await ended).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
      await ended
    }
  },
)
