import { parsers } from 'prettier/plugins/yaml'

/** What a compose file says of a service, as far as the pages use it. */
export interface Service {
  readonly image: string
  readonly command: string
  readonly network_mode?: string
  readonly restart?: string
  /** Or the name of an anchor (`*name`), which stands for what `x-name` has. */
  readonly environment?: Readonly<Record<string, string>> | string
  readonly volumes?: readonly string[]
}

export interface ComposeFile {
  readonly [extension: `x-${string}`]: Readonly<Record<string, string>>
  readonly services: Readonly<Record<string, Service>>
  readonly volumes?: Readonly<Record<string, object>>
}

/** A node of what the YAML parser of the formatter gives. */
interface YamlNode {
  readonly type: string
  readonly value?: string
  readonly children?: readonly (YamlNode | null)[]
}

/** @throws SyntaxError where it is no YAML. */
export function readCompose(text: string): ComposeFile {
  const root = parsers.yaml.parse(text, {} as never) as YamlNode
  return valueOf(root) as ComposeFile
}

/** Mappings as objects, sequences as arrays, scalars as text. */
function valueOf({ type, value, children = [] }: YamlNode): unknown {
  const inner = children.filter((child) => child !== null)
  if (type.toLowerCase().endsWith('mapping'))
    return Object.fromEntries(inner.map((item) => (item.children ?? []).map(valueOfSide)))
  if (type.toLowerCase().endsWith('sequence')) return inner.map((item) => valueOf(item))
  if (value !== undefined) return value
  const [last] = inner.filter((child) => child.type !== 'documentHead')
  return last ? valueOf(last) : null
}

const valueOfSide = (side: YamlNode | null): unknown => (side ? valueOf(side) : null)
