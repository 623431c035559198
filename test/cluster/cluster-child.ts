/**
 * Runs GENESIS_CLUSTER for a test: proxies need threads that are in the environment before Node
 * starts, so never inside the test's own process. Talks with its parent over the IPC channel.
 */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { TidingsError } from '../../src/base/tidings-error.ts'
import type { Settings } from '../../src/definition/settings.ts'
import { proxies } from './record-proxies.ts'
import type { ChildReport, ChildOrder } from './running-cluster.ts'

const [settingsJson, state] = process.argv.slice(2) as [string, string]
const settings = JSON.parse(settingsJson) as Settings
const say = (report: ChildReport) => process.send?.(report)

// Not before the proxies are those that a test can end.
const { startCluster } = await import('../../src/cluster/cluster-process.ts')

/** The event loop stands still until the file is there. */
function block(until: string): void {
  say({ type: 'blocking' })
  while (!existsSync(until));
  say({ type: 'unblocked' })
}

try {
  const cluster = await startCluster(settings, {
    state,
    on: (event) => say({ type: 'event', event }),
  })
  say({ type: 'started', ports: cluster.ports })
  process.on('message', (order: ChildOrder) => {
    switch (order.type) {
      case 'snapshot':
        say({ type: 'snapshot', snapshot: cluster.snapshot() })
        break
      case 'block':
        // The answer must have left before the event loop stands still.
        void delay(50).then(() => block(order.until))
        break
      case 'end-proxy':
        proxies[order.place]?.terminate()
        break
      case 'close':
        void cluster.close().then(() => {
          say({ type: 'closed' })
          process.disconnect()
        })
    }
  })
  const error = await cluster.closed
  if (error) say({ type: 'failed', code: error.code, message: error.message })
} catch (error) {
  const { code, message } = TidingsError.from(error)
  say({ type: 'failed', code, message })
  process.disconnect()
}
