import type { Argument, Command, Option } from 'commander'

/** What comes in the place of a value: names of files, one of these words, or what no shell can know. */
export type CompletedValue = 'file' | 'any' | readonly string[]

/** A word that may come next, and what it does. */
export interface CompletedWord {
  readonly word: string
  readonly description: string
}

export interface CompletedOption {
  /** `--version`, `-v`. */
  readonly words: readonly string[]
  readonly description: string
  /** null: it takes none. */
  readonly value: CompletedValue | null
}

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Behind `tidings`: `capture postgres`; empty for the program itself. */
  readonly path: string
  readonly options: readonly CompletedOption[]
  /** The commands below it. */
  readonly commands: readonly CompletedWord[]
  /** Its arguments, all of one kind; null: it takes none. */
  readonly argument: CompletedValue | null
}

/** All commands below this one, and itself, from what their helps are made of. */
export function completedCommands(command: Command, path = ''): CompletedCommand[] {
  const help = command.createHelp()
  const below = help.visibleCommands(command)
  const commands = below.map((each) => ({
    word: each.name(),
    description: shortened(each.description()),
  }))
  const names = commands.map(({ word }) => word)
  const [argument] = command.registeredArguments
  const own: CompletedCommand = {
    path,
    options: help.visibleOptions(command).map(optionOf),
    commands,
    argument: argument ? argumentOf(argument) : null,
  }
  const lower = below.flatMap((each) => {
    const name = `${path} ${each.name()}`.trim()
    // `help` is a command of commander, whose argument is a command beside it.
    return each.name() === 'help'
      ? [{ path: name, options: [], commands: [], argument: names }]
      : completedCommands(each, name)
  })
  return [own, ...lower]
}

const optionOf = ({ short, long, flags, description, argChoices }: Option): CompletedOption => ({
  words: [long, short].filter((word) => word !== undefined),
  description: shortened(description),
  value: argChoices ?? placeholder(/<([^>]+)>/.exec(flags)?.[1]),
})

const argumentOf = (argument: Argument): CompletedValue =>
  argument.argChoices ?? placeholder(argument.name()) ?? 'any'

function placeholder(name: string | undefined): CompletedValue | null {
  if (name === undefined) return null
  return name === 'file' ? 'file' : 'any'
}

/** Up to what stands in brackets, such as a default: in a list there is one line for each. */
const shortened = (description: string): string => description.split(' (')[0] ?? ''
