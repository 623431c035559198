/**
 * Preloaded into a GENESIS_CLUSTER (`node --import`): as soon as something listens in it, all threads of libuv's pool wait until
 * somebody writes to the FIFO that FULL_POOL_FIFO names. Its proxies need threads, so that it does not get ready before.
 */
import { channel } from 'node:diagnostics_channel'
import { open } from 'node:fs'

const fifo = process.env['FULL_POOL_FIFO'] ?? ''
const listening = channel('tracing:net.server.listen:asyncEnd')

const fill = (): void => {
  listening.unsubscribe(fill)
  const threads = Number(process.env['UV_THREADPOOL_SIZE'])
  for (let thread = 0; thread < threads; thread++) open(fifo, 'r', () => undefined)
}

listening.subscribe(fill)
