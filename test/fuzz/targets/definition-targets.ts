import { readFileSync } from 'node:fs'
import { emptyDefinition, noFindings } from '../../../src/definition/definition.ts'
import { readDefinition, reportOf } from '../../../src/definition/settings-report.ts'
import { formatProblem } from '../../../src/definition/problem.ts'
import { readServiceDefinitions } from '../../../src/definition/service-definitions.ts'
import { SourceText } from '../../../src/definition/source-text.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { mutateJson } from '../json-mutation.ts'
import { Broken } from '../oracle.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../../src/definition/fixtures/${name}`, import.meta.url), 'utf8')

const small = `systemDefinition { global { item(name = "MqLayer", value = "ZeroMQ")
  item(name = "ZeroMQProxyInboundPort", value = "5001"); item(name = "ZeroMQProxyOutboundPort", value = "5000")
  item(name = "X", value = env["X"] ?: "y$it") }
  systems { system(name = "DEV") { hosts { host("vm") } } } }`

const broken = (fixture('broken-text.txt') + fixture('broken-meaning.txt'))
  .split(/^### .*\n/m)
  .map((text) => text.split('\n--- errors\n')[0] ?? '')

const json = JSON.stringify({
  global: { ZeroMQProxyInboundPort: 5001, ZeroMQProxyOutboundPort: 5000, DbPassword: 'x' },
  systems: [{ name: 'DEV', items: { A: 1 }, hosts: [{ name: 'vm', items: { ClusterPort: 1 } }] }],
  services: [{ name: 'A', host: 'localhost', port: 1, secure: true }],
})

const services = `<configuration><service host="localhost" name="A" port="9000" secure="true" ssl="&amp;"/></configuration>`

const marks =
  `' { } ( ) [ ] , ; = $ \\ / < & " """ \${ $it /* */ // ?. ?: item( host( val <!-- <![CDATA[ ]]> é \r\n \0`.split(
    ' ',
  )

function mutateText(dice: Dice, text: Buffer, other: Buffer): Buffer {
  if (dice.chance(0.5)) return mutateBytes(dice, text, other)
  const at = dice.below(text.length + 1)
  const mark = dice.pick(marks).repeat(1 + dice.few(20))
  return Buffer.concat([text.subarray(0, at), Buffer.from(mark), text.subarray(at + dice.few(3))])
}

function definitionTarget(
  file: string,
  good: readonly string[],
  wrong: readonly string[] = good,
): Target {
  return {
    name: `definition${file.slice(file.indexOf('.'))}`,
    weight: 0.5,
    valid: (dice) => [Buffer.from(dice.pick(dice.chance(0.75) ? good : wrong))],
    mutate: (dice, input, other) =>
      mutateOne(
        dice,
        input,
        other,
        file.endsWith('.json') && dice.chance(0.6) ? mutateJson : mutateText,
      ),
    run([bytes = Buffer.alloc(0)]) {
      const definition = emptyDefinition()
      const findings = noFindings()
      const source = new SourceText(file, bytes.toString())
      const machine = { hostname: 'vm', addresses: new Set(['127.0.0.1']) }
      if (file.endsWith('.xml')) readServiceDefinitions(source, definition, findings)
      else readDefinition(source, definition, { env: { X: 'x' }, machine }, findings)
      const { settings, errors } = reportOf(
        definition,
        { system: null, host: null, machine },
        findings,
      )
      if ((settings === null) !== errors.length > 0)
        throw new Broken('settings in spite of errors, or neither')
      for (const problem of errors) {
        // Of saxes: "undefined entity".
        if (/\bundefined\b(?! entity)/.test(formatProblem(problem)))
          throw new Broken('an error that names nothing')
      }
      return settings === null ? 'refused' : 'settings'
    },
  }
}

export const definitionTargets = [
  definitionTarget('d.kts', [small, fixture('module.kts'), fixture('template.kts')], broken),
  definitionTarget('s.xml', [services]),
  definitionTarget('d.json', [json]),
]
