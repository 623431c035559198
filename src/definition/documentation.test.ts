import { maxProcessPort } from '../base/process-port.ts'
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { emptyDefinition, noFindings } from './definition.ts'
import { maxDefinitionBytes } from './definition-files.ts'
import { expectedOf, knownItems } from './items/known-items.ts'
import type { ItemUse } from './items/known-items.ts'
import { readDefinition, reportOf } from './settings-report.ts'
import { formatProblem } from './problem.ts'
import { readServiceDefinitions } from './service-definitions.ts'
import { SourceText } from './source-text.ts'

const manual = fs.readFileSync(new URL('../../docs/DEFINITION.md', import.meta.url), 'utf8')

const uses: Record<ItemUse, string> = {
  always: 'always',
  ZeroMQ: 'ZeroMQ',
  MQTT: 'MQTT',
  never: 'not used',
}

const code = (value: string | null) => (value === null ? '–' : `\`${value}\``)

test('the table of items says what the program knows', () => {
  const rows = knownItems.map(
    ({ name, type, default: fallback, meaning, use }) =>
      `| \`${name}\` | ${expectedOf(type)} | ${code(fallback)} | ${uses[use]} | ${meaning} |`,
  )
  const table = [
    '| item | value | default | with | effect |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ]
  const written = manual.split('<!-- items -->\n')[1]?.split('\n<!-- /items -->')[0]
  expect(written?.split('\n')).toEqual(table)
})

test('the limits are those of the program', () => {
  expect(manual).toContain(`at most ${maxDefinitionBytes / 1024 / 1024} MiB`)
  expect(manual).toContain(`a process port is at most ${maxProcessPort}`)
})

describe('the examples are understood', () => {
  const examples = [...manual.matchAll(/^```(kotlin|json|xml)\n([^]*?)^```/gm)]
  test('there is one of each notation', () => {
    expect(examples.map(([, notation]) => notation)).toEqual(['kotlin', 'xml', 'json'])
  })

  test.each(examples.map(([, notation = '', text = '']) => ({ notation, text })))(
    '$notation',
    ({ notation, text }) => {
      const definition = emptyDefinition()
      const findings = noFindings()
      const source = new SourceText(notation === 'json' ? 'example.json' : 'example.kts', text)
      const machine = { hostname: 'vm', addresses: new Set<string>() }
      if (notation === 'xml') readServiceDefinitions(source, definition, findings)
      else readDefinition(source, definition, { env: {}, machine }, findings)
      const report = reportOf(definition, { system: null, host: null, machine }, findings)
      expect([...report.errors, ...report.warnings].map(formatProblem)).toEqual([])
      expect(report.settings?.node.name).toBe('vm')
    },
  )
})
