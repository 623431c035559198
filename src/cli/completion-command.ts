import type { Command } from 'commander'
import { bashCompletion } from './completion/bash-completion.ts'
import { completedCommands } from './completion/completed-command.ts'
import { fishCompletion } from './completion/fish-completion.ts'
import { zshCompletion } from './completion/zsh-completion.ts'
import { exitCode } from './exit-code.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** What `tidings completion` takes. */
export type Shell = keyof typeof scripts

/** `tidings completion`: prints the script with which a shell completes the words of this program. */
export function completion(program: Command, shell: Shell): number {
  process.stdout.write(scripts[shell](completedCommands(program)))
  return exitCode.done
}
