import { TidingsError } from '../base/tidings-error.ts'
import type { Settings } from '../definition/settings.ts'

/**
 * For a command that speaks to GENESIS_CLUSTER: with MQTT there is none.
 * @throws TidingsError USAGE
 */
export function requireClusterLayer({ layer }: Settings, command: string): void {
  if (layer === 'ZeroMQ') return
  throw new TidingsError(
    'USAGE',
    `MqLayer is ${layer}, so the processes meet at the broker, and there is no GENESIS_CLUSTER for \`tidings ${command}\`: \`tidings check\` says where they meet`,
  )
}
