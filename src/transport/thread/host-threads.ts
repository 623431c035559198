import { isMainThread } from 'node:worker_threads'
import { loadZeroMQTransport } from '../zeromq/connections/load-transport.ts'
import { ThreadHost } from './thread-host.ts'
import { threadProtocol, type HostRequest } from './thread-messages.ts'

/** One for all copies of the package in this thread: a worker's request is taken once. */
const taken = Symbol.for(`tidings.hosts-threads.${threadProtocol}`)

/**
 * Has the sockets of worker threads live in the main thread. zeromq.js aborts the process when a
 * thread is ended while one of its sockets awaits a message, and `terminate()` and the main thread's
 * `process.exit()` end a thread without a word to it. Does nothing in other threads. Idempotent.
 */
export function hostThreads(): void {
  const shared = globalThis as { [taken]?: true }
  if (!isMainThread || shared[taken]) return
  shared[taken] = true
  process.on('workerMessage', (value: unknown) => {
    if (isRequest(value)) void new ThreadHost(value.port, () => loadZeroMQTransport(value.choice))
  })
}

function isRequest(value: unknown): value is HostRequest {
  const request = value as Partial<HostRequest> | null
  return request?.tidings === 'host a transport' && request.protocol === threadProtocol
}
