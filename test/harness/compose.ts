import { parse } from 'yaml'

/** What a compose file says of a service, as far as tests use it. */
export interface Service {
  readonly image?: string
  /** Its words, or all of them as one text. */
  readonly command: string | readonly string[]
  readonly network_mode?: string
  readonly hostname?: string
  readonly restart?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes?: Readonly<Record<string, object | null>>
}

/** @throws YAMLParseError where it is no YAML. */
export const readCompose = (text: string): ComposeFile => parse(text) as ComposeFile

/** The words of its command, which is a program of Node; without `node` itself. */
export function programOf(command: Service['command']): string[] {
  const [node, ...words] = typeof command === 'string' ? command.split(' ') : command
  if (node !== 'node') throw new Error(`the command is no program of Node: ${String(command)}`)
  return words
}
