import type { CompletedCommand, CompletedOption } from './completed-command.ts'

/** A script for fish: one line for each word, with the command behind which it may stand. */
export const fishCompletion = (all: readonly CompletedCommand[]): string => `\
# Completion of tidings for fish: tidings completion fish | source
function __tidings_at --description 'whether the words before the cursor lead to this command'
  set --local path
  set --local option
  for word in (commandline -opc)[2..-1]
    if test -n "$option"
      set option
      continue
    end
    switch "$path/$word"
      case ${all.flatMap(commandCases).join(' ')}
        set --append path $word
      case ${all.flatMap(optionCases).join(' ')}
        set option $word
    end
  end
  test "$path" = "$argv"
end
complete --command tidings --no-files
${all.flatMap(lines).join('\n')}
`

const commandCases = ({ path, commands }: CompletedCommand): string[] =>
  commands.map(({ word }) => `'${path}/${word}'`)

const optionCases = ({ path, options }: CompletedCommand): string[] =>
  options
    .filter(({ value }) => value !== null)
    .flatMap(({ words }) => words.map((word) => `'${path}/${word}'`))

function lines({ path, options, commands, argument }: CompletedCommand): string[] {
  const condition = `__tidings_at ${path}`.trimEnd()
  const begin = `complete --command tidings --condition '${condition}'`
  const values =
    argument === 'file'
      ? [`${begin} --force-files`]
      : argument === null || argument === 'any'
        ? []
        : [`${begin} --arguments '${argument.join(' ')}'`]
  return [
    ...commands.map(
      ({ word, description }) =>
        `${begin} --arguments ${word} --description '${quoted(description)}'`,
    ),
    ...values,
    ...options.map((option) => `${begin} ${optionWords(option)}`),
  ]
}

function optionWords({ words, description, value }: CompletedOption): string {
  const names = words.map((word) =>
    word.startsWith('--') ? `--long-option ${word.slice(2)}` : `--short-option ${word.slice(1)}`,
  )
  return `${names.join(' ')}${valueWords(value)} --description '${quoted(description)}'`
}

function valueWords(value: CompletedOption['value']): string {
  if (value === null) return ''
  if (value === 'file') return ' --require-parameter --force-files'
  return value === 'any' ? ' --exclusive' : ` --exclusive --arguments '${value.join(' ')}'`
}

const quoted = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
