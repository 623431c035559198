import module from 'node:module'
import { TidingsError } from '../../../src/index.ts'
import type { Answer, Call, Calls } from './remote.ts'

async function answer(calls: Calls, { id, name, argument }: Call): Promise<Answer> {
  try {
    return { id, result: await calls[name]?.(argument as never) }
  } catch (error) {
    const { message } = error as Error
    return { id, error: { code: error instanceof TidingsError ? error.code : 'OTHER', message } }
  }
}

/** Answers calls of the process that started this one, and ends with it. */
export function serve(calls: Calls): void {
  process.on('message', (call: Call) => {
    void answer(calls, call).then((answered) => process.send?.(answered))
  })
  // Otherwise written when the process ends, and these are ended by SIGKILL.
  module.flushCompileCache()
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
}
