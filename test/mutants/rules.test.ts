import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { namesOfNoTest } from '../harness/listed-tests.ts'
import { mutated } from './planted.ts'
import { rules } from './rules.ts'
import { tableOfRules } from './rules-table.ts'
import { simulatedBugs } from './simulated-bugs.ts'

const documentOf = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8')

const invariantOf = (number: string) => number.slice(0, number.indexOf('.'))

it.each([
  ['rule', rules],
  ['bug of the simulator', simulatedBugs],
])('each %s has a change that can be planted', (_, mutants) => {
  const wrong: string[] = []
  for (const mutant of mutants) {
    try {
      mutated(mutant)
    } catch (error) {
      wrong.push(`${mutant.name}: ${(error as Error).message}`)
    }
  }
  expect(wrong).toEqual([])
})

it('rules are numbered from 1 within their invariant', () => {
  const last = new Map<string, number>()
  for (const { rule } of rules) {
    const invariant = invariantOf(rule)
    expect(rule).toBe(`${invariant}.${(last.get(invariant) ?? 0) + 1}`)
    last.set(invariant, (last.get(invariant) ?? 0) + 1)
  }
})

it('docs/RULES.md lists every rule, and no other', () => {
  const document = documentOf('RULES.md')
  const from = document.indexOf('<!-- rules -->') + '<!-- rules -->'.length
  const table = document.slice(from, document.indexOf('<!-- /rules -->')).trim()
  expect(table, 'print it anew: npm run mutants -- --table').toBe(tableOfRules(rules))
})

it('every invariant of docs/PROTOCOL.md has rules, and every rule its invariant', () => {
  const document = documentOf('PROTOCOL.md')
  const from = document.indexOf('## Invariants')
  const section = document.slice(from, document.indexOf('\n## ', from + 1))
  const invariants = [...section.matchAll(/^\| ([A-Z]\d+) \|/gm)].map(([, number]) => number)
  expect(new Set(rules.map(({ rule }) => invariantOf(rule)))).toEqual(new Set(invariants))
})

it('tests that the rules name are named after an invariant', () => {
  const nameless = rules.filter(
    ({ test }) => 'file' in test && !/^(by \S+ )?[A-Z]\d+[:,]/.test(test.name),
  )
  expect(nameless.map(({ rule }) => rule)).toEqual([])
})

it('each test that a rule names is there once', async () => {
  const named = rules.flatMap(({ test }) => ('file' in test ? [test] : []))
  expect(await namesOfNoTest(named)).toEqual([])
})
