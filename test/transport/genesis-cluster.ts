/** GENESIS_CLUSTER itself, in a child process: its proxies need threads of their own. */
import { startCluster } from '../../src/cluster/cluster-process.ts'
import type { Settings } from '../../src/definition/settings.ts'

const [settings = '{}', state = ''] = process.argv.slice(2)
const cluster = await startCluster(JSON.parse(settings) as Settings, { state })
process.on('disconnect', () => void cluster.close())
process.send?.('ready')
