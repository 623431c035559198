import type { CompletedCommand, CompletedValue } from './completed-command.ts'
import { behind, placeCases, withKnownValues } from './shell-cases.ts'

/**
 * A script for bash, 3.2 and newer. It goes through the words before the cursor to find the command, and whether an
 * option waits for its value, and offers what may stand in that place.
 */
export const bashCompletion = (all: readonly CompletedCommand[]): string => `\
# Completion of tidings for bash: source <(tidings completion bash)
_tidings() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command='' option='' options='' words='' files='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    # --kind=insert is three words to bash.
    [[ $word == '=' ]] && continue
    if [[ -n $option ]]; then option=''; continue; fi
    case "$command/$word" in
${placeCases(all)}
    esac
  done
  [[ $current == '=' ]] && current=''
  case "$command/$option" in
${all.flatMap(offers).join('\n')}
  esac
  if [[ -z $option && ( $current == -* || -z $words$files ) ]]; then words=$options files=''; fi
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    compgen -W "$words" -- "$current"
    [[ -n $files ]] && compgen -f -- "$current"
  )
  [[ -n $files ]] && compopt -o filenames 2>/dev/null
  return 0
}
complete -F _tidings tidings
`

/** What may come behind a command, and as the values of its options. */
function offers(each: CompletedCommand): string[] {
  const { path, options, commands, argument } = each
  const values = withKnownValues(each).map(
    ({ words, value }) => `    ${behind(path, words)}) ${offered(value)} ;;`,
  )
  const names = options.flatMap(({ words }) => words).join(' ')
  const next = commands.length > 0 ? commands.map(({ word }) => word) : argument
  return [...values, `    '${path}/') options='${names}' ${offered(next)} ;;`]
}

function offered(value: CompletedValue | null): string {
  if (value === 'file') return 'files=yes'
  return value === null || value === 'any' ? "words=''" : `words='${value.join(' ')}'`
}
