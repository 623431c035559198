import type { CompletedCommand, CompletedValue, CompletedWord } from './completed-command.ts'
import { behind, placeCases, withKnownValues } from './shell-cases.ts'

/** A script for zsh, which finds its place as that of bash does, and says of each word what it is for. */
export const zshCompletion = (all: readonly CompletedCommand[]): string => `\
#compdef tidings
# Completion of tidings for zsh: source <(tidings completion zsh)
_tidings() {
  local command='' option='' files='' word
  local -a options commands values
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    if [[ -n $option ]]; then option=''; continue; fi
    case "$command/$word" in
${placeCases(all)}
    esac
  done
  if [[ \${words[CURRENT]} == --*=* ]]; then
    option="\${words[CURRENT]%%=*}"
    compset -P '*='
  fi
  case "$command/$option" in
${all.flatMap(offers).join('\n')}
  esac
  if [[ -z $option && ( \${words[CURRENT]} == -* || -z "$commands$values$files" ) ]]; then
    _describe -o option options
    return
  fi
  (( \${#commands} )) && _describe command commands
  (( \${#values} )) && _describe value values
  [[ -n $files ]] && _files
  return 0
}
# In a file of a folder of $fpath this is the function itself.
if [[ \${funcstack[1]} == _tidings ]]; then _tidings "$@"; else compdef _tidings tidings; fi
`

function offers(each: CompletedCommand): string[] {
  const { path, options, commands, argument } = each
  const values = withKnownValues(each).map(
    ({ words, value }) => `    ${behind(path, words)}) ${offered(value)} ;;`,
  )
  const names = options.flatMap(({ words, description }) =>
    words.map((word) => ({ word, description })),
  )
  const next = commands.length > 0 ? `commands=(${described(commands)})` : offered(argument)
  return [...values, `    '${path}/') options=(${described(names)}) ${next} ;;`]
}

function offered(value: CompletedValue | null): string {
  if (value === 'file') return 'files=yes'
  return value === null || value === 'any' ? '' : `values=(${value.join(' ')})`
}

/** A colon parts the word from what it is for; \`_describe\` takes one in the word as \`\\:\`. */
const described = (words: readonly CompletedWord[]): string =>
  words.map(({ word, description }) => `'${word}:${quoted(description)}'`).join(' ')

const quoted = (text: string): string => text.replaceAll("'", `'\\''`)
