import type { LexedSource } from './lexer.ts'
import type { Token } from '../token.ts'
import type { Span } from '../source-text.ts'
import { isSecretName, maskedText } from '../secret.ts'

/**
 * The spans of a definition that must not be shown, told from its tokens alone, so that it works
 * for files that are not well formed too. Tokens are taken in groups, from one word of the grammar to
 * the next; where a group has the name of a secret, or the word `encrypted`, all in it is secret but
 * that name and the words of the grammar, text that lost its quotes included. Comments are never
 * shown: they may hold items that were commented out.
 */
export function secretSpans({ tokens, comments }: LexedSource): Span[] {
  const groups = groupsOf(tokens)
  const secretSources = new Set<string>()
  for (const { start, end } of groups) {
    const group = tokens.slice(start, end)
    if (!group[0] || group[0].text !== 'link' || !isSecretGroup(group, secretSources)) continue
    for (const token of group) if (token.kind === 'text') secretSources.add(token.text)
  }
  const found = groups.flatMap(({ start, end }) => secretsOf(tokens, start, end, secretSources))
  return [...comments, ...found].sort((a, b) => a.start - b.start || a.end - b.end)
}

/** Indices of the tokens from one call or block of the grammar to the next. */
function groupsOf(tokens: readonly Token[]): Span[] {
  const groups: Span[] = []
  let start = 0
  for (const [index, token] of tokens.entries()) {
    const isWord = token.kind === 'name' && groupWords.has(token.text)
    const starts = isWord && (token.startsLine || isMark(tokens[index + 1], '(', '{'))
    if (!starts && token.kind !== 'end') continue
    groups.push({ start, end: index })
    start = index
  }
  return groups
}

const groupWords = new Set(
  'systemDefinition global systems system hosts host item link vault config sslConfig'.split(' '),
)
const grammarWords = new Set([
  ...groupWords,
  ...'name value encrypted source true false null env System getenv it let takeIf'.split(' '),
  ...'isNotBlank isNotEmpty LOCAL_HOST'.split(' '),
])

/** The calls whose first argument is a name. */
const namingCalls = new Set('item link system host getenv'.split(' '))

function secretsOf(
  tokens: readonly Token[],
  start: number,
  end: number,
  secretSources: ReadonlySet<string>,
): Span[] {
  const group = tokens.slice(start, end)
  if (isSecretGroup(group, secretSources)) {
    return group.filter((token, index) => isHidden(token, tokens, start + index)).map(spanOf)
  }
  return stringsOf(group).flatMap((string) => (isSecretString(string) ? string.filter(isText) : []))
}

/** What a link of a secret name leads to is as secret: `secretSources` are the names of that. */
function isSecretGroup(group: readonly Token[], secretSources: ReadonlySet<string>): boolean {
  return group.some(
    (token) => isText(token) && (namesSecret(token.text) || secretSources.has(token.text)),
  )
}

/** The tokens of each string of a group, without those of the strings in its templates. */
function stringsOf(group: readonly Token[]): Token[][] {
  const strings: Token[][] = []
  const open: Token[][] = []
  for (const token of group) {
    if (token.kind === 'string-start') open.push([])
    else if (token.kind === 'string-end') strings.push(open.pop() ?? [])
    else open.at(-1)?.push(token)
  }
  return [...strings, ...open]
}

/** A template stands for some text, whatever it is. */
function isSecretString(string: readonly Token[]): boolean {
  const text = string.map((token) => (token.kind === 'text' ? token.text : 'x')).join('')
  return maskedText(text) !== text
}

const spanOf = ({ start, end }: Token): Span => ({ start, end })

const isText = (token: Token) =>
  token.kind === 'text' || token.kind === 'name' || token.kind === 'template-name'

/** Of a single word only: a text of several may be anything, `maskedText` looks after it. */
const namesSecret = (text: string) =>
  text === 'encrypted' || (/^[\w.-]{1,128}$/.test(text) && isSecretName(text))

function isHidden(token: Token, tokens: readonly Token[], index: number): boolean {
  if (token.kind === 'number' || token.kind === 'character') return true
  if (!isText(token) || (token.kind === 'name' && grammarWords.has(token.text))) return false
  if (token.kind === 'name') return !isMark(tokens[index + 1], '(', '{', '=', '[')
  return token.kind !== 'text' || !standsAsName(tokens, index)
}

/** The text after `name =` and `source =`, in `env["…`, and the first one of a call that names. */
function standsAsName(tokens: readonly Token[], index: number): boolean {
  if (tokens[index - 1]?.kind !== 'string-start') return false
  const [mark, word] = [tokens[index - 2], tokens[index - 3]]
  if (word?.kind !== 'name') return false
  if (isMark(mark, '=')) return word.text === 'name' || word.text === 'source'
  if (isMark(mark, '(')) return namingCalls.has(word.text)
  return isMark(mark, '[') && word.text === 'env'
}

const isMark = (token: Token | undefined, ...marks: string[]) =>
  token?.kind === 'punctuation' && marks.includes(token.text)
