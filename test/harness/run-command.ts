import { Child } from './child.ts'
import { scratchDirectory } from './scratch.ts'
import { command, type CommandResult } from './test-cluster.ts'

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: an empty folder, in which there is no definition. */
  readonly cwd?: string
}

/** Starts the command line of this checkout with these words alone. It goes with the processes of the test. */
export function startCommand(words: readonly string[], options: RunOptions = {}): Child {
  const { env = {}, cwd = scratchDirectory() } = options
  return new Child({
    name: `tidings ${words[0] ?? ''}`,
    arguments: [command, ...words],
    env: { TIDINGS_STATE: scratchDirectory(), ...env },
    cwd,
    ipc: false,
    keepsOutput: true,
  })
}

/** The same until it has ended, without any input. */
export async function runCommand(
  words: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const child = startCommand(words, options)
  child.process.stdin?.end()
  const ending = await child.ended
  return { ...ending, output: child.output, log: child.log }
}
