import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { loadSettings } from '../load-settings.ts'
import { formatProblem } from '../problem.ts'

const fixture = path.join(import.meta.dirname, '..', 'fixtures', 'module.kts')

const load = (definition: string) =>
  loadSettings({ definition, env: {}, hostname: 'vm', localAddresses: ['127.0.0.1'] })

const lines = (problems: readonly Parameters<typeof formatProblem>[0][]) =>
  problems.map((problem) => formatProblem(problem).split('\n')[0])

it('values that are programs pass in items that are not used here, as they are written', () => {
  const { errors, warnings, settings, items } = load(fixture)
  expect(lines([...errors])).toEqual([])
  expect(settings?.node.name).toBe('vm')
  expect(settings?.node.ports.inbound).toBe(5001)
  const text = (name: string) => items.find((item) => item.name === name)?.value
  expect(text('REPORTING_DATASOURCE_LIST')).toBe(
    'listOf("TRADE", "ORDER", "TRADE_VIEW", "ORDER_VIEW")',
  )
  expect(text('CAST')).toBe('env["X"] as String')
  expect(text('LIST')).toBe('listOf(1, 2)')
  // Of the layer that is not in force.
  expect(lines([...warnings]).filter((line) => line?.includes('maxOf'))).toHaveLength(1)
})

const programs = [
  'listOf("TRADE", "ORDER")',
  'listOf<String>("A").map { it.lowercase() }',
  '"-Xmx" + "1g"',
  '"""5""".trimIndent()',
  'Duration.ofSeconds(30).toMillis()',
  'if (env["X"] == "a") "b" else "c"',
  'when (env["X"]) { "a" -> "b"; else -> "c" }',
  '{ a: Int, b: Int -> a + b }',
  'buildString { append(")") }',
  '!true',
  'env["X"] as String',
  'Defaults.PORT',
  'env("X")',
]

it.each(programs)('an item that is used refuses %s, at its place, once', (program) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidings-kept-'))
  try {
    const file = path.join(folder, 'used.kts')
    const ports =
      'item("ZeroMQProxyInboundPort", 5001)\nitem("ZeroMQProxyOutboundPort", 5000)\nitem("KEPT", 1)'
    const global = `${ports}\nitem("ClusterPort", ${program})\nitem("ClusterPort2", ${program})`
    writeFileSync(file, `systemDefinition { global {\n${global}\n} }`)
    const { errors, settings } = load(file)
    expect(settings).toBe(null)
    expect(lines([...errors])).toEqual([expect.stringMatching(/used\.kts:5:\d+: /)])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const withItems = (...items: string[]) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidings-kept-'))
  try {
    const file = path.join(folder, 'names.kts')
    const ports = 'item("ZeroMQProxyInboundPort", 5001)\nitem("ZeroMQProxyOutboundPort", 5000)'
    writeFileSync(file, `systemDefinition { global {\n${ports}\n${items.join('\n')}\n} }`)
    return load(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it.each([
  ['Names.REPORTING', 'Names.REPORTING'],
  ['name = Names.REPORTING', 'Names.REPORTING'],
  ['nameOf(1, ")")', 'nameOf(1, ")")'],
  ['"DB_" + suffix', '"DB_" + suffix'],
  ['"${prefix}_LIST"', '"${prefix}_LIST"'],
])('an item whose name is a program passes, with a warning: %s', (argument, name) => {
  const { errors, warnings, settings, items } = withItems(
    `item(${argument}, value = "anything")`,
    'item("B", 1)',
  )
  expect(lines([...errors])).toEqual([])
  expect(settings?.node.ports.inbound).toBe(5001)
  // Nobody knows whether it is a secret.
  expect(items.find((item) => item.name === name)).toMatchObject({ value: '***', used: false })
  expect(items.find((item) => item.name === 'B')).toMatchObject({ value: '1' })
  expect(lines([...warnings])).toEqual([
    expect.stringMatching(
      /names\.kts:4:\d+: the name of this item cannot be read, so it is not used here: .+/,
    ),
  ])
})

it('a link whose name or source is a program passes', () => {
  const { errors, settings } = withItems(
    'item("B", 1)',
    'link(Names.A, "B")',
    'link("C", source = Names.D)',
  )
  expect(lines([...errors])).toEqual([])
  expect(settings).not.toBe(null)
})

it.each(['ClusterPort', 'Items.CLUSTER_PORT', 'Config.ClusterPrt', 'itemOf("ClusterPort")'])(
  'a name that is meant to be that of an item that is known here is refused: %s',
  (name) => {
    const { errors, settings } = withItems(`item(${name}, 6100)`)
    expect(settings).toBe(null)
    expect(lines([...errors])).toEqual([expect.stringMatching(/names\.kts:4:6: "/)])
  },
)

it('a link of an item that is used, from a program, is refused once', () => {
  const { errors } = withItems('link("ClusterPort", Names.D)')
  expect(lines([...errors])).toEqual([expect.stringMatching(/names\.kts:4:\d+: "Names\.D" is not/)])
})

it('an item that is used and a link to such a value, too', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidings-kept-'))
  try {
    const file = path.join(folder, 'link.kts')
    writeFileSync(
      file,
      'systemDefinition { global {\nitem("ZeroMQProxyInboundPort", 5001)\nitem("ZeroMQProxyOutboundPort", 5000)\n' +
        'item("PORTS", listOf(1))\nlink("ClusterPort", "PORTS")\n} }',
    )
    expect(lines([...load(file).errors])).toEqual([
      expect.stringMatching(/link\.kts:4:15: "listOf\(…\)"/),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
