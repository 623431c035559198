import { every, pause, systemClock } from '../../base/clock.ts'
import { thisMachine } from '../../definition/machine.ts'
import type { HostAddresses } from '../../sockets/host-lookup.ts'
import { lookUpHost, lookUpWithin } from '../../sockets/host-lookup.ts'
import { isListening } from '../../sockets/listening-ports.ts'
import type { Hosts, ProcessAddresses } from './addresses.ts'
import { loopback, ownAmong, processAddresses } from './addresses.ts'

/** How long the name of the own host may take before it is looked whether it is needed, milliseconds; at most half of what the caller has. */
const ownNameWithinMs = 1_000

/** The share of what the caller has that may pass until the name has an address; the rest is for connecting. */
const shareForName = 0.75

/** How often it is looked whether GENESIS_CLUSTER is at the loopback address, and an answer without addresses is asked for again, milliseconds. */
const lookAgainMs = 250

interface OwnAddresses extends ProcessAddresses {
  /** Why the name of this host has no address, and what that means, for people; null: it has one, or needs none. */
  readonly hostProblem: string | null
}

/**
 * The addresses of a process, with the name of its own host looked up. Where the name service is silent, or has no address
 * for it yet, and GENESIS_CLUSTER is not at the loopback address, it is where the name says: the look-up goes on for
 * part of `withinMs`. Never rejects.
 */
export async function ownAddresses(
  settings: Hosts & { readonly node: { readonly ports: { readonly registry: number } } },
  withinMs: number,
  signal?: AbortSignal,
): Promise<OwnAddresses> {
  if (settings.nodes.length === 1) return { ...processAddresses(settings, null), hostProblem: null }
  const { name, ports } = settings.node
  const deadline = systemClock.now() + withinMs * shareForName
  const ms = Math.ceil(Math.min(ownNameWithinMs, withinMs / 2))
  let found = await lookUpWithin(name, ms, signal)
  if (found.addresses.length === 0)
    found = (await lookUpUntil(name, ports.registry, deadline, signal)) ?? found
  const machine = thisMachine()
  const addresses = processAddresses(settings, ownAmong(found.addresses, machine), machine)
  return { ...addresses, hostProblem: 'why' in found ? problemOf(name, found.why) : null }
}

const problemOf = (name: string, why: string): string =>
  `the name of this host, "${name}", has no address (${why}), so GENESIS_CLUSTER was looked for at ${loopback}`

/** null: none came before `deadline`, or before GENESIS_CLUSTER is found to be at the loopback address, or may be. */
async function lookUpUntil(
  name: string,
  registryPort: number,
  deadline: number,
  signal: AbortSignal = new AbortController().signal,
): Promise<HostAddresses | null> {
  const isOver = () =>
    systemClock.now() >= deadline || isListening(loopback, registryPort) !== false
  if (isOver()) return null
  const over = new AbortController()
  const looking = every(lookAgainMs, () => {
    if (isOver()) over.abort()
  })
  const either = AbortSignal.any([over.signal, signal])
  try {
    while (!either.aborted) {
      const found = await lookUpHost(name, either)
      if (found.addresses.length > 0) return found
      await pause(lookAgainMs, either)
    }
    return null
  } finally {
    looking.cancel()
  }
}
