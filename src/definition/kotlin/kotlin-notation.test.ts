import { describe, expect, test } from 'vitest'
import { emptyDefinition, noFindings } from '../definition.ts'
import { readKotlinDefinition } from './kotlin-definition.ts'
import { formatProblem } from '../problem.ts'
import { SourceText } from '../source-text.ts'

const env = { SET: 'set', EMPTY: '', BLANK: ' ' }

function read(text: string) {
  const definition = emptyDefinition()
  const findings = noFindings()
  readKotlinDefinition(new SourceText('d.kts', text), definition, { env, hostname: 'vm' }, findings)
  expect(findings.errors.map(formatProblem)).toEqual([])
  return definition
}

const itemsOf = (block: string) =>
  read(`systemDefinition { global {\n${block}\n} }`).items.map(
    ({ name, text }) => `${name}=${text}`,
  )

describe('values', () => {
  test.each([
    ['"text"', 'text'],
    ['true', 'true'],
    ['5001', '5001'],
    ['1_000_000', '1000000'],
    ['5001L', '5001'],
    ['-1', '-1'],
    ['1.50', '1.50'],
    ['0xFF', '255'],
    ["'x'", 'x'],
    ['null', ''],
    ['("in parentheses")', 'in parentheses'],
    [String.raw`"\t\n\r\b\'\"\\\$\u0041"`, '\t\n\r\b\'"\\$A'],
    ['"""raw "text" \\n ${"$"}{x}"""', 'raw "text" \\n ${x}'],
    ['""""quoted""""', '"quoted"'],
    ['"""two\r\nlines"""', 'two\nlines'],
    ['"5$ or $5 or $"', '5$ or $5 or $'],
    [`"\${'$'}NAME"`, '$NAME'],
    ['"{{appName}} %p -Dx=y"', '{{appName}} %p -Dx=y'],
    ['LOCAL_HOST', 'vm'],
    ['"$LOCAL_HOST:1"', 'vm:1'],
    ['env["SET"]', 'set'],
    ['env["UNSET"]', ''],
    ['env["SET", "default"]', 'set'],
    ['env["UNSET", "default"]', 'default'],
    ['env["EMPTY", "default"]', 'default'],
    ['env["UNSET"] ?: "default"', 'default'],
    ['env["UNSET", env["SET"]]', 'set'],
    ['System.getenv("SET")', 'set'],
    ['System.getenv("UNSET") ?: "default"', 'default'],
    ['System.getenv("EMPTY") ?: "default"', ''],
    ['System.getenv("A") ?: System.getenv("B") ?: 7', '7'],
    ['"a${env["SET"]}b${env["UNSET"]}c"', 'asetbc'],
    ['"${"nested ${"${env["SET"]}"}"}"', 'nested set'],
    ['env["BLANK"].takeIf { it.isNotBlank() } ?: "default"', 'default'],
    ['env["BLANK"]?.takeIf { it.isNotEmpty() } ?: "default"', ' '],
    ['"${env["SET"] ?: "x"}"', 'set'],
    ['env["toString"]', ''],
  ])('%s', (value, text) => {
    expect(itemsOf(`item(name = "A", value = ${value})`)).toEqual([`A=${text}`])
  })
})

describe('items', () => {
  test.each([
    ['item("A", "b")', ['A=b']],
    ['item(name = "A", "b")', ['A=b']],
    ['item(value = "b", name = "A",)', ['A=b']],
    ['item(\n  "A",\n\n  "b", // why\n)', ['A=b']],
    ['item("A", "b"); item("C", "d");', ['A=b', 'C=d']],
    ['// item("A", "b")\n/* item("A", /* "b") */ */\n/** item */', []],
    ['env["SET"].takeIf { it.isNotBlank() }?.let { item(name = "A", value = it) }', ['A=set']],
    [
      'env["SET"]\n  .takeIf { it.isNotBlank() }\n  ?.let {\n item("A", "<$it>")\n item("B", "${it}") }',
      ['A=<set>', 'B=set'],
    ],
    ['env["UNSET"].takeIf { it.isNotBlank() }?.let { item("A", it) }', []],
    ['env["BLANK"].takeIf { it.isNotBlank() }?.let { item("A", it) }', []],
    ['System.getenv("SET")?.let { item("A", it) }', ['A=set']],
    ['System.getenv("UNSET")?.let { item("A", it) }', []],
    ['extras { item("A", "b") }\nanything(1) { x = listOf(a.b("c"), 2) }', []],
    ['vault { config { address("x")\n timeout(5) } }', []],
  ])('%s', (block, items) => {
    expect(itemsOf(block)).toEqual(items)
  })

  test('encrypted and links', () => {
    const { items } = read(
      'systemDefinition { global { item("A", "b", encrypted = true); link(name = "C", source = "A") } }',
    )
    expect(items.map(({ kind, encrypted }) => ({ kind, encrypted }))).toEqual([
      { kind: 'value', encrypted: true },
      { kind: 'link', encrypted: false },
    ])
  })
})

test('systems, hosts and their levels', () => {
  const { items, systems } = read(`\uFEFFpackage genesis.cfg
    systemDefinition
    {
      systems {
        system("DEV") { hosts { host(LOCAL_HOST); host(name = "b") { item("A", 1) } }; item("A", 2) }
        system(name = "UAT") { }
      }
      global { item("A", 3) }
    }`)
  expect(systems.map(({ name, hosts }) => [name, hosts.map((host) => host.name)])).toEqual([
    ['DEV', ['vm', 'b']],
    ['UAT', []],
  ])
  expect(items.map(({ text, scope }) => [text, scope.level, scope.system, scope.host])).toEqual([
    ['1', 'host', 'DEV', 'b'],
    ['2', 'system', 'DEV', null],
    ['3', 'global', null, null],
  ])
})
