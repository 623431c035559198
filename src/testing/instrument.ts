import { Command, InvalidArgumentError } from 'commander'

/** What a command line asks for that the command does not know. */
const usageExitCode = 2

/**
 * A command of the repository, `npm run NAME -- OPTIONS`: `--help` says what it does, and options that
 * it does not know or cannot take end it with 2, named.
 */
export function instrument(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : usageExitCode))
}

/** Takes a number above 0. */
export function amount(text: string): number {
  const value = Number(text)
  if (!(value > 0) || value > Number.MAX_SAFE_INTEGER)
    throw new InvalidArgumentError('It must be a number above 0.')
  return value
}

/** Takes a whole number above 0. */
export function count(text: string): number {
  if (!Number.isInteger(amount(text)))
    throw new InvalidArgumentError('It must be a whole number above 0.')
  return Number(text)
}

/** Takes a whole number from 0 on. */
export const seedNumber = (text: string): number => (text === '0' ? 0 : count(text))
