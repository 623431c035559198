import { newRegistration } from '../model/new-registration.ts'
import { checkAborted } from '../base/abortable.ts'
import { systemClock } from '../base/clock.ts'
import { randomId } from '../base/random.ts'
import type { Registration } from '../model/roster-entry.ts'
import type { TablesOf } from '../model/update.ts'
import { defaultPublisherLimits, type PublisherLimits } from '../publisher/publisher-limits.ts'
import { defaultSubscriberLimits } from '../subscriber/subscriber-limits.ts'
import { traces } from './channels.ts'
import { ComposedQueue } from './composed-queue.ts'
import { checkOpenOptions } from './option-checks.ts'
import { defaultDrainMs, type OpenOptions } from './options.ts'
import { chooseTransport, type ChosenTransport } from './transport-choice.ts'
import type { UpdateQueue } from './update-queue.ts'

/** Digits of a script's own instance: scripts of one name run side by side. */
const scriptInstanceDigits = 8

/**
 * Opens the update queue of this process: registers it with the node's GENESIS_CLUSTER and connects
 * it. One process may open several queues, each under a name of its own.
 *
 * @throws TidingsError USAGE, DEFINITION_INVALID, CLUSTER_UNREACHABLE or ACCESS_DENIED (after `clusterTimeoutMs`),
 * NAME_TAKEN, MODE_MISMATCH, PORT_TAKEN, FILE_LIMIT_TOO_LOW, LIBZMQ_TOO_OLD, ZEROMQ_UNAVAILABLE,
 * PACKAGE_MISSING, WORKER_NOT_HOSTED, TRANSPORT_FAILED or ABORTED; nothing is left open then.
 */
export async function openUpdateQueue<Tables extends TablesOf = Record<string, object>>(
  options: OpenOptions,
): Promise<UpdateQueue<Tables>> {
  checkOpenOptions(options)
  checkAborted(options.signal)
  const name = options.process ?? options.script ?? ''
  return traces.open.promise({ name }, () => openChecked<Tables>(options))
}

async function openChecked<Tables extends TablesOf>(
  options: OpenOptions,
): Promise<UpdateQueue<Tables>> {
  const chosen = await chooseTransport(options)
  const queue = new ComposedQueue<Tables>({
    clock: systemClock,
    random: Math.random,
    transport: chosen.transport,
    publisherLimits: publisherLimits(options),
    subscriberLimits: defaultSubscriberLimits,
    drainMs: options.drainMs ?? defaultDrainMs,
    registration: registrationOf(options, chosen),
    declared: options.publishes ?? [],
  })
  return queue.open(options.signal ?? new AbortController().signal)
}

function registrationOf(options: OpenOptions, chosen: ChosenTransport): Registration {
  const incarnation = randomId()
  const isScript = options.script !== undefined
  const suffix = isScript ? incarnation.slice(0, scriptInstanceDigits) : ''
  return newRegistration({
    node: chosen.node,
    process: options.process ?? options.script ?? '',
    instance: options.instance ?? suffix,
    incarnation,
    role: isScript ? 'script' : 'process',
    mode: chosen.mode,
    place: chosen.place,
    publishes: options.publishes ?? [],
  })
}

function publisherLimits({ retention }: OpenOptions): PublisherLimits {
  return {
    ...defaultPublisherLimits,
    ...(retention?.bytes !== undefined && { retentionBytes: retention.bytes }),
    ...(retention?.ageMs !== undefined && { retentionAgeMs: retention.ageMs }),
  }
}
