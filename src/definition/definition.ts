import { plainAddress } from '../base/host-port.ts'
import type { Problem } from './problem.ts'
import type { Origin, SourceText } from './source-text.ts'

/** The levels of the definition, the nearer wins: host over system over global. */
export type Level = 'global' | 'system' | 'host'

/** Where an item applies: everywhere, in a system, or on one of its hosts. */
export interface Scope {
  readonly level: Level
  readonly system: string | null
  readonly host: string | null
}

/** An item or a link as it was written, evaluated. */
export interface WrittenItem {
  readonly kind: 'value' | 'link'
  readonly name: string
  /** The value; of a link the name of its source. Empty: counts as absent. */
  readonly text: string
  /** Why `text` is that of the file and not a value: what is written there is a program. Null: it is a value. */
  readonly unread: Problem | null
  readonly encrypted: boolean
  readonly scope: Scope
  readonly origin: Origin
  readonly valueOrigin: Origin
}

export interface WrittenHost {
  readonly name: string
  readonly origin: Origin
}

export interface WrittenSystem {
  readonly name: string
  readonly origin: Origin
  readonly hosts: WrittenHost[]
}

export interface WrittenService {
  readonly process: string
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly external: boolean
  readonly origin: Origin
}

/** All that the definition files say, in the order in which they were read. */
export interface Definition {
  /** One for each file or object. */
  readonly origins: Origin[]
  readonly items: WrittenItem[]
  readonly systems: WrittenSystem[]
  readonly services: WrittenService[]
  /** Scopes with a `vault` block: what it reads is not known here. */
  readonly vaults: Scope[]
  /** Texts that could not be read in full: what they seem to lack may stand in the rest. */
  readonly damaged: SourceText[]
  /** A JSON file ends at its first mistake: nobody knows what stands behind it, so nothing is told as missing. */
  isCutShort: boolean
}

export const globalScope: Scope = { level: 'global', system: null, host: null }

export const emptyDefinition = (): Definition => ({
  origins: [],
  items: [],
  systems: [],
  services: [],
  vaults: [],
  damaged: [],
  isCutShort: false,
})

/** Host names are names of the DNS: case does not count, nor does how an address of IPv6 is spelled. */
export const isSameHost = (a: string, b: string) =>
  plainAddress(a).toLowerCase() === plainAddress(b).toLowerCase()

/** The system of that name, made where it is new: what several files say of one system adds up. */
export function systemNamed(definition: Definition, name: string, origin: Origin): WrittenSystem {
  const known = definition.systems.find((system) => system.name === name)
  if (known) return known
  const system = { name, origin, hosts: [] }
  definition.systems.push(system)
  return system
}

/** The host of that name, made where it is new. An address of IPv6 has one spelling from here on. */
export function hostNamed(system: WrittenSystem, written: string, origin: Origin): WrittenHost {
  const name = plainAddress(written)
  const known = system.hosts.find((host) => isSameHost(host.name, name))
  if (known) return known
  const host = { name, origin }
  system.hosts.push(host)
  return host
}

/** Collects what is found while reading and judging a definition. */
export interface Findings {
  readonly errors: Problem[]
  readonly warnings: Problem[]
  readonly notes: Problem[]
}

export const noFindings = (): Findings => ({ errors: [], warnings: [], notes: [] })
