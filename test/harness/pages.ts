// The pages of the documentation, as tests that hold them to the code read them.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The folder of the project. */
export const root = join(import.meta.dirname, '..', '..')

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** All of them, by their paths in the project. */
export const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'examples/README.md',
]

/** Those that stand beside files: what they link to is checked, too. */
export const readmes = ['', 'docker', 'kubernetes', 'systemd'].map((folder) =>
  join('deploy', folder, 'README.md'),
)

/** The fenced blocks of one language. */
export const blocks = (page: string, language: string): string[] => blocksIn(read(page), language)

/** The same of the section with this heading, as it is printed: `## Kysely`. */
export function blocksOf(page: string, heading: string, language: string): string[] {
  const [, behind = ''] = `\n${read(page)}`.split(`\n${heading}\n`)
  const level = heading.split(' ')[0]?.length ?? 0
  const [section = ''] = behind.split(new RegExp(`^#{1,${level}} `, 'm'))
  return blocksIn(section, language)
}

const blocksIn = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  )

/** The rows of the table between two comments of that name, without its heading, as plain cells. */
export function table(page: string, name: string): string[][] {
  const text = read(page).split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0] ?? ''
  const rows = text
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').slice(1, -1))
  return rows.map((cells) => cells.map((cell) => cell.trim()))
}

/** The words in code style, outside fenced blocks. */
export const named = (text: string): string[] =>
  [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)

/** A cell without code style. */
export const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '')
