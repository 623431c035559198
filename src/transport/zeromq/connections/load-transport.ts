import { systemClock } from '../../../base/clock.ts'
import type { Transport } from '../../transport.ts'
import { requireNativeModule } from '../../../sockets/native-module.ts'
import type { ZeroMQTransportOptions } from '../transport-options.ts'

/** What the operator and the caller chose; all of it can be said to another thread. */
export type ZeroMQChoice = Omit<ZeroMQTransportOptions, 'clock' | 'random'>

/**
 * Loads zeromq only here, when its transport is chosen: the rest of the package goes without.
 * @throws TidingsError ZEROMQ_UNAVAILABLE
 */
export async function loadZeroMQTransport(choice: ZeroMQChoice): Promise<Transport> {
  await requireNativeModule()
  const { ZeroMQTransport } = await import('../zeromq-transport.ts')
  return new ZeroMQTransport({ ...choice, clock: systemClock, random: Math.random })
}
