import type { Definition, Findings, WrittenHost, WrittenSystem } from '../definition.ts'
import { isSameHost, noFindings } from '../definition.ts'
import type { Machine } from '../machine.ts'
import { isLinkLocal, isLoopbackAddress, isThisMachine } from '../machine.ts'
import { didYouMean } from '../../base/nearest.ts'
import { problemFrom, problemOf } from '../problem.ts'
import { resolveItems } from './resolved-items.ts'

/** Which part of the definition counts for this process. */
export interface NodeInForce {
  /** Null: the definition has no systems. */
  readonly system: string | null
  readonly host: string
  /** All hosts of the system; `host` alone where it lists none. */
  readonly hosts: readonly string[]
  /** The hosts that the system lists, as they were written. */
  readonly listed: readonly WrittenHost[]
}

interface NodeChoice {
  readonly system: string | null
  readonly host: string | null
}

/**
 * The system and the host that count here: those that were named, else the system that lists this
 * machine. Null after an error.
 */
export function nodeInForce(
  definition: Definition,
  choice: NodeChoice,
  machine: Machine,
  findings: Findings,
): NodeInForce | null {
  const systems = systemsToChooseFrom(definition, choice, findings)
  if (systems === null) return null
  const only = (system: string | null) => onlyHost(definition, system, choice, machine, findings)
  if (systems.length === 0) return only(null)
  const isMeant = (host: string) =>
    choice.host === null ? isThisMachine(host, machine) : isSameHost(host, choice.host)
  const listing = systems.filter((system) => system.hosts.some((host) => isMeant(host.name)))
  if (listing.length > 1) {
    findings.errors.push(tooManySystems(listing, 'list this host'))
    return null
  }
  const [system] = listing
  if (system) return hostOf(system, isMeant, findings)
  return hostlessSystem(systems, choice, machine, only, findings)
}

function systemsToChooseFrom(
  { systems }: Definition,
  { system }: NodeChoice,
  findings: Findings,
): WrittenSystem[] | null {
  if (system === null) return systems
  const named = systems.filter(({ name }) => name === system)
  if (named.length > 0) return named
  const names = systems.map(({ name }) => name)
  const known = names.length > 0 ? `its systems are ${names.join(', ')}` : 'it has no systems'
  const message = `the definition has no system "${system}": ${known}${didYouMean(system, names)}`
  findings.errors.push(problemOf(message))
  return null
}

function hostOf(
  system: WrittenSystem,
  isMeant: (host: string) => boolean,
  findings: Findings,
): NodeInForce | null {
  const hosts = system.hosts.map(({ name }) => name)
  const [host, ...others] = system.hosts.filter(({ name }) => isMeant(name))
  for (const { name, origin } of system.hosts.filter(({ name }) => isLinkLocal(name))) {
    const message = `the host "${name}" is an address that holds on one link of one machine alone (fe80::/10): expected another address of it, or its name`
    findings.errors.push(problemFrom(origin, message))
  }
  if (host && others.length === 0) {
    return { system: system.name, host: host.name, hosts, listed: system.hosts }
  }
  const names = hosts.filter((name) => isMeant(name)).join(', ')
  const message = `several hosts of the system ${system.name} are this machine: ${names}; name one with --host`
  findings.errors.push(problemFrom(system.origin, message))
  return null
}

/** A system without hosts is in force on any machine. */
function hostlessSystem(
  systems: readonly WrittenSystem[],
  choice: NodeChoice,
  machine: Machine,
  only: (system: string) => NodeInForce | null,
  findings: Findings,
): NodeInForce | null {
  const hostless = systems.filter(({ hosts }) => hosts.length === 0)
  const [system] = hostless
  if (hostless.length > 1) {
    findings.errors.push(tooManySystems(hostless, 'could be meant'))
    return null
  }
  if (system) return only(system.name)
  const hosts = systems.flatMap((each) => each.hosts.map(({ name }) => name))
  const message =
    choice.host === null
      ? `none of the hosts is this machine (${machine.hostname}): ${hosts.join(', ')}; name one with --host`
      : `the definition has no host "${choice.host}": its hosts are ${hosts.join(', ')}` +
        didYouMean(choice.host, hosts)
  const origin = choice.host === null ? systems[0]?.origin : undefined
  findings.errors.push(origin ? problemFrom(origin, message) : problemOf(message))
  return null
}

/** Where no hosts are listed this machine is the only one, unless a query finds others: then it may have any name. */
function onlyHost(
  definition: Definition,
  system: string | null,
  { host }: NodeChoice,
  machine: Machine,
  findings: Findings,
): NodeInForce | null {
  const name = host ?? machine.hostname
  const isQueried = () =>
    resolveItems(definition, system, name, noFindings()).has('tidingshostsquery')
  if (host === null || isThisMachine(host, machine) || isLoopbackAddress(host) || isQueried()) {
    return { system, host: name, hosts: [name], listed: [] }
  }
  const message = `the host "${host}" is not this machine (${machine.hostname}), and no hosts are listed`
  findings.errors.push(problemOf(message))
  return null
}

function tooManySystems(systems: readonly WrittenSystem[], why: string) {
  const names = systems.map(({ name }) => name).join(', ')
  const message = `several systems ${why}: ${names}; name one with --system`
  const [first] = systems
  return first ? problemFrom(first.origin, message) : problemOf(message)
}
