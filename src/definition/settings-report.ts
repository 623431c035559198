import { plainAddress } from '../base/host-port.ts'
import type { DefinitionObject } from './json/definition-object.ts'
import type { Definition, Findings, Level, WrittenHost } from './definition.ts'
import { emptyDefinition, noFindings } from './definition.ts'
import { defaultDefinitionFile, isDefaultFilePresent, readSource } from './definition-files.ts'
import { readDefinitionObject, readJsonDefinition } from './json/json-definition.ts'
import { readKotlinDefinition } from './kotlin/kotlin-definition.ts'
import { isUsed, judgeLinkedItems, judgeWrittenItems, valueOf } from './items/judged-items.ts'
import type { Layer } from './items/judged-items.ts'
import type { Machine } from './machine.ts'
import { thisMachine } from './machine.ts'
import { nodeInForce } from './items/node-in-force.ts'
import { mqttTls } from './items/mqtt-tls.ts'
import { nodeKeys } from './items/node-keys.ts'
import type { NodeInForce } from './items/node-in-force.ts'
import type { Problem } from './problem.ts'
import { orderedProblems } from './problem.ts'
import { resolveItems } from './items/resolved-items.ts'
import type { ResolvedItem, ResolvedItems } from './items/resolved-items.ts'
import { mask, maskedText } from './secret.ts'
import type { Settings } from './settings.ts'
import { settingsFromItems } from './items/settings-from-items.ts'
import type { SourceText } from './source-text.ts'

/** Where the definition is found and which part of it counts. What is left out is looked for. */
export interface SettingsOptions {
  /**
   * A file (Kotlin, or JSON by its ending), several of which the later wins, or an object. Default:
   * $TIDINGS_DEFINITION, else ./genesis-system-definition.kts, else none.
   */
  readonly definition?: string | readonly string[] | DefinitionObject | undefined
  /** Service definition files (XML). Default: $TIDINGS_SERVICES, else none. */
  readonly services?: string | readonly string[] | undefined
  /** Which system of the definition. Default: $TIDINGS_SYSTEM, else the one that lists this host. */
  readonly system?: string | undefined
  /** Which host of the definition. Default: $TIDINGS_HOST, else the one that is this machine. */
  readonly host?: string | undefined
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** What file names are relative to. Default: process.cwd(). */
  readonly cwd?: string | undefined
  /** This machine's addresses. Default: those of its network interfaces. */
  readonly localAddresses?: readonly string[] | undefined
  /** This machine's name. Default: os.hostname(). */
  readonly hostname?: string | undefined
}

/** An item that counts on this node. */
export interface EffectiveItem {
  /** In the documentation's spelling; as written where it is not known. */
  readonly name: string
  /** A secret as ***. */
  readonly value: string
  readonly level: Level
  readonly file: string | null
  readonly line: number | null
  /** False: of no use to the update queue, or with another layer only. */
  readonly used: boolean
}

export interface SettingsReport {
  /** Null where there are errors. */
  readonly settings: Settings | null
  /** The system and the host that count; null where there is none, or it could not be told. */
  readonly system: string | null
  readonly host: string | null
  /** The hosts that the system lists, as they were written; none where it could not be told. */
  readonly hosts: readonly WrittenHost[]
  readonly items: readonly EffectiveItem[]
  readonly errors: readonly Problem[]
  readonly warnings: readonly Problem[]
  readonly notes: readonly Problem[]
}

/** Reads one file of service definitions: `readServiceDefinitions()`. */
type ReadServices = (source: SourceText, definition: Definition, findings: Findings) => void

/**
 * Reads and judges the definition. Never throws: whatever is wrong is in the report. `readServices` is null where
 * no service definitions are named, and so their reader was not loaded.
 */
export function settingsReport(
  found: FoundOptions,
  readServices: ReadServices | null,
): SettingsReport {
  const findings = noFindings()
  const definition = emptyDefinition()
  const read = (files: readonly string[]) =>
    files.flatMap((file) => readSource(file, found.cwd, findings) ?? [])
  if (isObject(found.definition)) {
    readDefinitionObject(found.definition, definition, found.machine.hostname, findings)
  } else {
    for (const source of read(listOf(found.definition))) {
      readDefinition(source, definition, found, findings)
    }
  }
  for (const source of read(found.services)) readServices?.(source, definition, findings)
  return reportOf(definition, found, findings)
}

/** The options with the environment's word for what they leave out. */
interface FoundOptions {
  readonly definition: string | readonly string[] | DefinitionObject
  readonly services: readonly string[]
  readonly cwd: string
  readonly system: string | null
  readonly host: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly machine: Machine
}

export function withEnvironment(options: SettingsOptions): FoundOptions {
  const env = options.env ?? process.env
  const local = thisMachine()
  const addresses = options.localAddresses?.map((address) => address.toLowerCase())
  const isNamed = isObject(options.definition) || listOf(options.definition).length > 0
  const cwd = options.cwd ?? process.cwd()
  const isDefaultThere = isDefaultFilePresent(cwd)
  const fallback = env['TIDINGS_DEFINITION'] || (isDefaultThere ? defaultDefinitionFile : [])
  const isServicesNamed = listOf(options.services).length > 0
  return {
    definition: isNamed ? (options.definition ?? []) : fallback,
    services: listOf(isServicesNamed ? options.services : env['TIDINGS_SERVICES'] || []),
    cwd,
    system: options.system || env['TIDINGS_SYSTEM'] || null,
    host: plainAddress(options.host || env['TIDINGS_HOST'] || '') || null,
    env,
    machine: {
      hostname: options.hostname ?? local.hostname,
      addresses: addresses ? new Set(addresses) : local.addresses,
    },
  }
}

const isObject = (definition: SettingsOptions['definition']): definition is DefinitionObject =>
  typeof definition === 'object' && !Array.isArray(definition)

const listOf = (files: SettingsOptions['definition']): readonly string[] => {
  if (files === undefined || isObject(files)) return []
  return typeof files === 'string' ? [files] : files
}

/** Reads one text, Kotlin or JSON by the ending of its name. */
export function readDefinition(
  source: SourceText,
  definition: Definition,
  { env, machine }: Pick<FoundOptions, 'env' | 'machine'>,
  findings: Findings,
): void {
  if (/\.json$/i.test(source.name)) {
    readJsonDefinition(source, definition, machine.hostname, findings)
  } else {
    readKotlinDefinition(source, definition, { env, hostname: machine.hostname }, findings)
  }
}

/** What was read → what it means here. Without `cwd` no file that an item names is read. */
export function reportOf(
  definition: Definition,
  choice: Pick<FoundOptions, 'system' | 'host' | 'machine'> & { readonly cwd?: string },
  findings: Findings,
): SettingsReport {
  const node = nodeInForce(definition, choice, choice.machine, findings)
  const itemsByHost = itemsOfHosts(definition, node, findings)
  const here: ResolvedItems = itemsByHost.get(node?.host ?? '') ?? new Map()
  const layerItem = here.get('mqlayer')
  const named = valueOf(layerItem)
  const layer: Layer = named === 'MQTT' ? 'MQTT' : 'ZeroMQ'
  judgeWrittenItems(definition, layer, node ? node.system : undefined, findings)
  for (const items of itemsByHost.values()) judgeLinkedItems(items, layer, findings)
  // With a layer that is not understood nothing can be said of what it would need.
  const canSettle = node !== null && (layerItem === undefined || named !== null)
  const settings = canSettle
    ? settingsFromItems(definition, node, itemsByHost, layer, findings)
    : null
  const keys =
    settings?.layer === 'ZeroMQ' && choice.cwd !== undefined
      ? nodeKeys(itemsByHost, settings, choice.cwd, findings)
      : undefined
  const mqtt =
    settings?.mqtt && choice.cwd !== undefined
      ? { ...settings.mqtt, tls: mqttTls(here, settings.mqtt.tls.verify, choice.cwd, findings) }
      : undefined
  return {
    settings:
      settings && findings.errors.length === 0
        ? { ...settings, ...(keys && { keys }), ...(mqtt && { mqtt }) }
        : null,
    system: node?.system ?? null,
    host: node?.host ?? null,
    hosts: node?.listed ?? [],
    items: [...here.values()].map((item) => effectiveItem(item, layer)),
    errors: orderedProblems(findings.errors),
    warnings: orderedProblems(findings.warnings),
    notes: orderedProblems(findings.notes),
  }
}

/** Without a node in force the global items alone, under the empty name. */
function itemsOfHosts(
  definition: Definition,
  node: NodeInForce | null,
  findings: Findings,
): ReadonlyMap<string, ResolvedItems> {
  const hosts = node?.hosts ?? ['']
  const system = node?.system ?? null
  return new Map(hosts.map((host) => [host, resolveItems(definition, system, host, findings)]))
}

function effectiveItem(
  { name, text, secret, written, known }: ResolvedItem,
  layer: Layer,
): EffectiveItem {
  const { origin } = written
  const place = origin.kind === 'place' ? origin.place : null
  return {
    name,
    value: secret ? mask : maskedText(text),
    level: written.scope.level,
    file: place?.source.name ?? null,
    line: place ? place.source.positionOf(place.offset).line : null,
    used: known !== null && isUsed(known.use, layer),
  }
}
