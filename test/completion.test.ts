// What `tidings completion` prints, in the shells themselves.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read } from './harness/pages.ts'
import { command } from './harness/test-cluster.ts'
import { available } from './harness/tools.ts'

const shells = ['bash', 'zsh', 'fish'] as const
const folder = mkdtempSync(join(tmpdir(), 'tidings-completion-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  for (const shell of shells)
    writeFileSync(
      join(folder, shell),
      execFileSync(process.execPath, [command, 'completion', shell]),
    )
  writeFileSync(join(folder, 'a definition.kts'), '')
})

const run = (shell: string, words: readonly string[], script: string): string[] => {
  const file = join(folder, `driver.${shell}`)
  writeFileSync(file, script)
  const output = execFileSync(shell, [...words, file], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', HOME: folder, TERM: 'dumb' },
  })
  return output.replace(/\n$/, '').split('\n')
}

/** Lines behind `tidings`, up to the cursor, and what may stand in the place of their last words. */
const lines: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['ta'], ['tail']],
  [['p'], ['publish', 'postgres']],
  [
    ['publish', '--kind', ''],
    ['insert', 'modify', 'delete'],
  ],
  [['mon', '--status', 'H'], ['HEALTHY']],
  [
    ['capture', ''],
    ['postgres', 'help'],
  ],
  [
    ['capture', 'postgres', '--s'],
    ['--services', '--system', '--slot'],
  ],
  [['postgres', 'st'], ['status']],
  [['capture', 'postgres', '--url', 'tail', '--dr'], ['--drop']],
  [['help', 'key'], ['keygen']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['check', 'a'], ['a definition.kts']],
  [['mon', '--definition', 'a'], ['a definition.kts']],
  [['tail', '--count', ''], []],
]

describe('bash', () => {
  const driver = (words: readonly (readonly string[])[]): string => `
    source ./bash
    complete -p tidings
    offered() {
      COMP_WORDS=(tidings "$@") COMP_CWORD=$#
      _tidings
      IFS='|'
      echo "\${COMPREPLY[*]}"
      unset IFS
    }
    ${words.map((line) => `offered ${line.map((word) => `'${word}'`).join(' ')}`).join('\n')}
  `

  it('completes commands, options, their values and files', () => {
    const [registered, ...offered] = run('bash', ['--norc'], driver(lines.map(([words]) => words)))
    expect(registered).toBe('complete -F _tidings tidings')
    expect(lines.map(([words], place) => [words, offered[place]])).toEqual(
      lines.map(([words, expected]) => [words, expected.join('|')]),
    )
  })

  it('completes a value behind =, which is a word of its own to bash', () => {
    const words = [
      ['publish', '--kind', '='],
      ['publish', '--kind', '=', 'mo'],
    ]
    const [, ...offered] = run('bash', ['--norc'], driver(words))
    expect(offered).toEqual(['insert|modify|delete', 'modify'])
  })

  it('offers what the help of each command has', () => {
    const helps = read('docs/CLI.md').matchAll(/^Usage: tidings ?([a-z ]*) \[.*?^```$/gms)
    const expected = Array.from(helps, ([text, name = '']) => {
      const options = [...text.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)]
      return [name, options.map(([, , long]) => long)] as const
    })
    const asked = expected.map(([name]) => [...name.split(' ').filter(Boolean), '--'])
    const [, ...offered] = run('bash', ['--norc'], driver(asked))
    expect(expected.length).toBeGreaterThan(13)
    expect(expected.map(([name], place) => [name, offered[place]?.split('|')])).toEqual(expected)
  })
})

it.runIf(available('completion in zsh', 'zsh'))(
  'zsh: completes commands, options, their values and files',
  () => {
    const unique = lines.filter(([, offered]) => offered.length === 1)
    writeFileSync(
      join(folder, 'setup'),
      `
      PS1=''
      unsetopt prompt_sp prompt_cr
      autoload -U compinit && compinit -u -D
      source ./zsh
      tidings() { print -r -- "<\${(j:|:)@}>" }
      print begun
    `,
    )
    // A zsh on a terminal of its own, whose user types each line, a tab, and return.
    const output = run(
      'zsh',
      ['-f'],
      `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      shown() {
        local text
        while zpty -r shell text; do
          print -rn -- "$text"
          [[ $text == *"$1"* ]] && return
        done
      }
      type() { zpty -w -n shell "$1"$'\t\n'; shown '>' }
      zpty -w shell 'source ./setup'
      shown begun
      ${unique.map(([words]) => `type 'tidings ${words.join(' ')}'`).join('\n')}
      zpty -d shell
    `,
    ).join('\n')
    const completed = [...output.matchAll(/^<(.*)>\r?$/gm)].map(([, words]) => words)
    expect(completed).toEqual(
      unique.map(([words, offered]) => [...words.slice(0, -1), ...offered].join('|')),
    )
  },
)

it.runIf(available('completion in fish', 'fish'))(
  'fish: completes commands, options, their values and files',
  () => {
    const asked = lines.map(
      ([words]) => `complete --do-complete 'tidings ${words.join(' ')}'; echo .`,
    )
    const output = run('fish', ['--no-config'], `source ./fish\n${asked.join('\n')}\n`).join('\n')
    const offered = output
      .split(/^\.$/m)
      .map((text) => text.split('\n').map((line) => line.split('\t')[0] ?? ''))
    const found = (place: number) => (offered[place] ?? []).filter((word) => word !== '')
    expect(lines.map(([words], place) => [words, found(place).toSorted()])).toEqual(
      lines.map(([words, expected]) => [words, expected.toSorted()]),
    )
  },
)
