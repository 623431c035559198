// Tests wait with one patience, that of vitest.config.ts and of harness/eventually.ts: a shorter one of their own
// would judge how busy the machine is.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseAst } from 'rolldown/parseAst'

const root = join(import.meta.dirname, '..')

/** Where `timeout` is no time that a test waits. */
const exceptions: Readonly<Record<string, string>> = {
  'src/queue/option-checks.test.ts': 'gives drain() an option that it does not have',
  'test/examples/nextjs.test.ts': 'tells SQLite how long a transaction waits for another one',
  'test/examples/two-processes.test.ts':
    'tells SQLite how long a transaction waits for another one',
}

/** Of what may be given a time, how many arguments it has without one. */
const argumentsOf: Readonly<Record<string, number>> = {
  it: 2,
  test: 2,
  describe: 2,
  beforeAll: 1,
  beforeEach: 1,
  afterAll: 1,
  afterEach: 1,
  eventually: 2,
}

/** As much of a node of the syntax tree as is looked at. */
interface Node {
  readonly type: string
  readonly start: number
  readonly name?: string
  readonly value?: unknown
  readonly key?: Node
  readonly callee?: Node
  readonly object?: Node
  readonly tag?: Node
  readonly arguments?: readonly Node[]
}

/** Each node of a syntax tree. */
function* nodesOf(value: unknown): Iterable<Node> {
  if (typeof value !== 'object' || value === null) return
  if ('type' in value && 'start' in value) yield value as Node
  for (const child of Object.values(value)) yield* nodesOf(child)
}

/** Of `it`, `it.each(…)(…)` and `it.runIf(…)(…)` it is `it`. */
function firstName(node: Node): string | undefined {
  const inner = node.callee ?? node.object ?? node.tag
  return inner ? firstName(inner) : node.name
}

function hasOwnTime({ type, key, callee, arguments: given = [] }: Node): boolean {
  if (type === 'Property') return (key?.name ?? key?.value) === 'timeout'
  if (type !== 'CallExpression' || !callee || callee.type === 'MemberExpression') return false
  return given.length > (argumentsOf[firstName(callee) ?? ''] ?? Infinity)
}

/** The lines where a test says how long it waits. */
function ownTimes(text: string): string[] {
  const lines = text.split('\n')
  const lineOf = ({ start }: Node) => lines[text.slice(0, start).split('\n').length - 1] ?? ''
  const found = [...nodesOf(parseAst(text, { lang: 'ts' }))].filter(hasOwnTime)
  return [...new Set(found.map((node) => lineOf(node).trim()))]
}

it('no test says how long it waits', () => {
  const tests = ['src', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  )
  expect(tests.length).toBeGreaterThan(200)
  const found = tests.flatMap((file) =>
    ownTimes(readFileSync(join(root, file), 'utf8')).map((line) => ({ file, line })),
  )
  expect(found.filter(({ file }) => !(file in exceptions))).toEqual([])
  expect([...new Set(found.map(({ file }) => file))]).toEqual(Object.keys(exceptions))
})

it.each([
  ["it('is slow', async () => {}, 5_000)"],
  ["it.each([1, 2])('%i is slow', () => {}, patienceMs)"],
  ["describe('a group', () => { it.runIf(true)('is slow', () => {}, 5_000) })"],
  ["it('is slow', { timeout: 5_000 }, () => {})"],
  ["it('waits', async () => { await expect.poll(look, { timeout: 5_000 }).toBe(1) })"],
  ['const patience = { timeout: 60_000 }'],
  ['function wait(timeout: number) { return expect.poll(look, { timeout }) }'],
  ['beforeEach(async () => {}, 5_000)'],
  ["it('waits', async () => { await eventually('it comes', look, 5_000) })"],
])('finds the time in %s', (text) => {
  expect(ownTimes(text)).toEqual([text])
})

it.each([
  ["it.each(['timeout: 5', '{ timeout: 5 }'])('%s is no time', (text) => look(text))"],
  ["it('waits', async () => { await eventually('it comes', look) })"],
  ['const over = AbortSignal.timeout(5)'],
])('finds none in %s', (text) => {
  expect(ownTimes(text)).toEqual([])
})
