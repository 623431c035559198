import { type Command, Option } from 'commander'

/** Options of every command that looks at the definition. */
export interface SharedOptions {
  readonly definition?: string[]
  readonly services?: string[]
  readonly system?: string
  readonly host?: string
}

/** Of an option that may stand several times. */
export const collect = (value: string, before: string[] | undefined): string[] => [
  ...(before ?? []),
  value,
]

/** What stands behind the error of a wrong option: where the right ones are. */
export const moreHelp = (command: Command): string =>
  `(tidings ${command.name()} --help tells more)`

export function addSharedOptions(command: Command): Command {
  return command
    .showHelpAfterError(moreHelp(command))
    .addOption(
      new Option(
        '--definition <file>',
        'system definition, repeatable: the later wins (default: $TIDINGS_DEFINITION, else ./genesis-system-definition.kts, else none)',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--services <file>',
        'service definitions (XML), repeatable (default: $TIDINGS_SERVICES, else none)',
      ).argParser(collect),
    )
    .option('--system <name>', 'system of the definition (default: $TIDINGS_SYSTEM)')
    .option(
      '--host <name>',
      'host of the definition (default: $TIDINGS_HOST, else the host that is this machine)',
    )
}

/** The same for `openUpdateQueue()` and `loadSettings()`: what was not given stays absent. */
export function definitionOptions(options: SharedOptions): SharedOptions {
  const { definition, services, system, host } = options
  return {
    ...(definition && { definition }),
    ...(services && { services }),
    ...(system !== undefined && { system }),
    ...(host !== undefined && { host }),
  }
}
