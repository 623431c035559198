import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from './load-settings.ts'
import { formatProblem } from './problem.ts'

// The cases stand in text files as an operator would write them: a title, the definition, and below
// it every error that is expected, with its place.
const casesOf = (name: string) =>
  fs
    .readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const [head = '', expected = ''] = text.split('\n--- errors\n')
      const [mistake = '', ...lines] = head.split('\n')
      return { mistake, definition: lines.join('\n'), expected: expected.trimEnd().split('\n') }
    })

const goodPorts =
  'systemDefinition { global { item("ZeroMQProxyInboundPort", 5001); item("ZeroMQProxyOutboundPort", 5000) } }'

let folder = ''
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definition-'))
  fs.writeFileSync(path.join(folder, 'ports.kts'), goodPorts)
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

function load(text: string, before: readonly string[]) {
  fs.writeFileSync(path.join(folder, 'broken.kts'), text)
  return loadSettings({
    definition: [...before, 'broken.kts'],
    cwd: folder,
    env: {},
    hostname: 'vm',
    localAddresses: ['127.0.0.1'],
  })
}

const firstLines = (problems: Parameters<typeof formatProblem>[0][]) =>
  problems.map((problem) => formatProblem(problem).split('\n')[0])

describe('a definition whose text or items are wrong', () => {
  test.each(casesOf('broken-text.txt'))('$mistake', ({ definition, expected }) => {
    const report = load(definition, ['ports.kts'])
    expect(firstLines([...report.errors])).toEqual(expected)
    expect(report.settings).toBeNull()
  })
})

describe('a definition that cannot be put into force', () => {
  test.each(casesOf('broken-meaning.txt'))('$mistake', ({ definition, expected }) => {
    const report = load(definition, [])
    expect(firstLines([...report.errors])).toEqual(expected)
    expect(report.settings).toBeNull()
  })
})

test('there are the mistakes that people make', () => {
  const count = casesOf('broken-text.txt').length + casesOf('broken-meaning.txt').length
  expect(count).toBeGreaterThan(90)
})

test('each error points a caret at its place', () => {
  const text = 'systemDefinition {\n  global { item("ClusterPort", "six") }\n}'
  const [error] = load(text, ['ports.kts']).errors
  expect(error && formatProblem(error)).toBe(
    [
      'broken.kts:2:32: ClusterPort is "six": expected a port from 1 to 65535',
      '  |   global { item("ClusterPort", "six") }',
      '  |                                ^',
    ].join('\n'),
  )
})

test('lines end as they like: LF, CRLF and CR give the same places', () => {
  const lines = ['systemDefinition {', '  global {', '    item("ClusterPort", 0)', '  }', '}']
  for (const end of ['\n', '\r\n', '\r']) {
    const [error] = load(lines.join(end), ['ports.kts']).errors
    expect([error?.line, error?.column]).toEqual([3, 25])
  }
})

test('a long line is cut around the caret', () => {
  const text = `systemDefinition { global { ${'item("A", "b"); '.repeat(50)}item("ClusterPort", 0) } }`
  const [error] = load(text, ['ports.kts']).errors
  const [, line = '', caret = ''] = error ? formatProblem(error).split('\n') : []
  expect(line.length).toBeLessThanOrEqual(100)
  expect(line[caret.indexOf('^')]).toBe('0')
})

test('of a JSON file with a mistake in the JSON itself only that one is told', () => {
  const file = path.join(folder, 'cut-short.json')
  fs.writeFileSync(file, '{"global": {"ZeroMQProxyInboundPort": 5001,}')
  const report = loadSettings({
    definition: [file],
    cwd: folder,
    env: {},
    hostname: 'vm',
    localAddresses: ['127.0.0.1'],
  })
  expect(report.errors.map(({ message }) => message)).toEqual(['expected a name in double quotes'])
})
