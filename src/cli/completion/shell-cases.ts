import type { CompletedCommand, CompletedOption } from './completed-command.ts'

/** A pattern of `case`, the same in bash and in zsh: one of these words behind a command. */
export const behind = (path: string, words: readonly string[]): string =>
  words.map((word) => `'${path}/${word}'`).join('|')

/** The cases of `case "$command/$word"` that find the command of a line, and the option that waits for its value. */
export function placeCases(all: readonly CompletedCommand[]): string {
  const commands = all.flatMap(({ path, commands }) =>
    commands.length > 0
      ? [
          behind(
            path,
            commands.map(({ word }) => word),
          ),
        ]
      : [],
  )
  const options = all.flatMap(({ path, options }) =>
    options.filter(({ value }) => value !== null).map(({ words }) => behind(path, words)),
  )
  return [
    `      ${commands.join('|')}) command="\${command:+$command }$word" ;;`,
    `      ${options.join('|')}) option=$word ;;`,
  ].join('\n')
}

/** Options whose values a shell can know. */
export const withKnownValues = ({ options }: CompletedCommand) =>
  options.filter((option): option is CompletedOption & { value: 'file' | readonly string[] } => {
    return option.value !== null && option.value !== 'any'
  })
