/** Starts GENESIS_CLUSTER and aborts the start: says how it ended, and ends itself if nothing is left open. */
import { TidingsError } from '../../src/base/tidings-error.ts'
import { startCluster } from '../../src/cluster/cluster-process.ts'
import type { Settings } from '../../src/definition/settings.ts'

const [settings = '', state = '', afterMs = ''] = process.argv.slice(2)
const stop = new AbortController()
setTimeout(() => stop.abort(), Number(afterMs))
try {
  await startCluster(JSON.parse(settings) as Settings, {
    state,
    signal: stop.signal,
    // A name service that never answers: the start waits for it.
    lookUp: (host, signal) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve({ addresses: [], why: `no ${host}` }))
      }),
  })
  process.send?.('started')
} catch (error) {
  process.send?.(TidingsError.from(error).code)
}
process.disconnect()
