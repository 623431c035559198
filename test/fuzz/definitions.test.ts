import fs from 'node:fs'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { emptyDefinition, noFindings } from '../../src/definition/definition.ts'
import { readDefinition, reportOf } from '../../src/definition/settings-report.ts'
import { formatProblem } from '../../src/definition/problem.ts'
import { readServiceDefinitions } from '../../src/definition/service-definitions.ts'
import { SourceText } from '../../src/definition/source-text.ts'
import { growthOfTenfold, linearGrowth } from '../harness/cpu-growth.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? 20_240_611)
const mutations = 20_000

const fixture = (name: string) =>
  fs.readFileSync(new URL(`../../src/definition/fixtures/${name}`, import.meta.url), 'utf8')
const json = JSON.stringify(
  {
    global: { ZeroMQProxyInboundPort: 5001, ZeroMQProxyOutboundPort: 5000, DbPassword: 'x' },
    systems: [{ name: 'DEV', items: { A: 1 }, hosts: [{ name: 'vm', items: { ClusterPort: 1 } }] }],
    services: [{ name: 'A', host: 'localhost', port: 1, secure: true }],
  },
  null,
  2,
)
const broken = fixture('broken-text.txt') + fixture('broken-meaning.txt')
const brokenTexts = broken.split(/^### .*\n/m).map((text) => text.split('\n--- errors\n')[0] ?? '')

const seeds = [
  { name: 'd.kts', text: fixture('template.kts') },
  { name: 's.xml', text: fixture('service-definitions.xml') },
  { name: 'd.json', text: json },
  ...brokenTexts.map((text) => ({ name: 'd.kts', text })),
]

/** Marks that change how everything behind them is read. */
const marks = [
  ...'\' { } ( ) [ ] , ; = . $ \\ / * < > & ? : " \n \r \t \0 é'.split(' '),
  ...'""" ${ $it /* */ // ?. ?: item( host( val <!-- <![CDATA[ ]]>'.split(' '),
  ' ',
  '\ud800',
]

function mutated(text: string, random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit)
  let result = text
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = below(result.length + 1)
    const length = random() < 0.5 ? 1 : below(40)
    const mark = marks[below(marks.length)] ?? ''
    const from = below(result.length + 1)
    const inserted = [mark, '', result.slice(from, from + below(60)), mark.repeat(below(80))][
      below(4)
    ]
    result = result.slice(0, at) + inserted + result.slice(at + (random() < 0.5 ? length : 0))
  }
  return result
}

function judge(name: string, text: string) {
  const definition = emptyDefinition()
  const findings = noFindings()
  const source = new SourceText(name, text)
  const machine = { hostname: 'vm', addresses: new Set(['127.0.0.1']) }
  if (name.endsWith('.xml')) readServiceDefinitions(source, definition, findings)
  else readDefinition(source, definition, { env: { X: 'x' }, machine }, findings)
  return reportOf(definition, { system: null, host: null, machine }, findings)
}

test(`${mutations} mutations give a report each, never an exception (seed ${seed})`, () => {
  const random = seededRandom(seed)
  let refused = 0
  for (let round = 0; round < mutations; round++) {
    // The large template in one round of twenty: the small ones find as much in a tenth of the time.
    const pick = random() < 0.05 ? 0 : 1 + Math.floor(random() * (seeds.length - 1))
    const { name, text } = seeds[pick] ?? { name: '', text: '' }
    const input = mutated(text, random)
    try {
      const report = judge(name, input)
      expect(report.settings === null).toBe(report.errors.length > 0)
      if (report.errors.length > 0) refused++
      for (const problem of report.errors) {
        expect(formatProblem(problem)).not.toContain('undefined')
        expect(problem.line ?? 1).toBeLessThanOrEqual(input.split(/\r\n|\r|\n/).length)
        expect(problem.column ?? 1).toBeGreaterThan(0)
      }
    } catch (error) {
      throw new Error(`round ${round}: ${JSON.stringify(input)}`, { cause: error })
    }
  }
  expect(refused).toBeGreaterThan(mutations / 2)
  expect(refused).toBeLessThan(mutations)
})

test.each([
  ['d.kts', '('],
  ['d.kts', '{'],
  ['d.kts', 'item('],
  ['d.kts', 'global {'],
  ['d.kts', '"'],
  ['d.kts', '"${'],
  ['d.kts', '"""'],
  ['d.kts', '/*'],
  ['d.kts', 'a?:'],
  ['d.kts', 'env['],
  ['d.kts', '.takeIf { it.isNotBlank() }'],
  ['d.kts', 'x.'],
  ['d.kts', '\n'],
  ['d.json', '{"a":'],
  ['d.json', '['],
  ['d.json', '"'],
  ['s.xml', '<a>'],
  ['s.xml', '<service name="a" port="1"/>'],
])('%s: %j, 20,000 times over, is read in a time that grows with its length', (name, part) => {
  const growth = growthOfTenfold(2_000, (count) => judge(name, part.repeat(count)))
  expect(growth).toBeLessThan(linearGrowth)
})
