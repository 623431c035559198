import { describe, expect, test } from 'vitest'
import { emptyDefinition, noFindings } from './definition.ts'
import { readDefinition, reportOf } from './settings-report.ts'
import { readServiceDefinitions } from './service-definitions.ts'
import { formatProblem } from './problem.ts'
import { isSecretName, maskedText, maskedValue } from './secret.ts'
import { growthOfTenfold, linearGrowth } from '../../test/harness/cpu-growth.ts'
import { SourceText } from './source-text.ts'

const words = (text: string) => text.split(' ')

describe('names', () => {
  test.each(
    words(
      'DbPassword MqttPassword EMAIL_SMTP_PW SMTPPW SMTPPASSWORD GenesisKey API_KEY apiKey ' +
        'secret.db.host AccessToken JWT_TOKEN userPwd Passphrase',
    ),
  )('%s is secret', (name) => expect(isSecretName(name)).toBe(true))

  test.each(
    words(
      'MqLayer ClusterPort DbHost MqttUsername Monkeys PwmFrequency ' +
        'MetadataChronicleMapAverageKeySizeBytes ZeroMQProxyModeEnabled',
    ),
  )('%s is not', (name) => expect(isSecretName(name)).toBe(false))
})

test.each([
  ['tcp://me:hunter2@broker:1883', 'tcp://me:***@broker:1883'],
  ['ssl://me:hun@ter2@broker', 'ssl://me:***@broker'],
  ['http://localhost:8080/a@b', 'http://localhost:***@b'],
  ['tcp://localhost:1883', 'tcp://localhost:1883'],
  [
    'jdbc:postgresql://h:5432/p?user=me&password=hunter2&ssl=true',
    'jdbc:postgresql://h:5432/p?user=me&password=***&ssl=true',
  ],
  [
    'jdbc:sqlserver://h:1433;user=sa;password=hunter2;encrypt=true',
    'jdbc:sqlserver://h:1433;user=sa;password=***;encrypt=true',
  ],
  ['jdbc:oracle:thin:me/hunter2@//h:1521/x', 'jdbc:oracle:thin:me/***@//h:1521/x'],
  [
    '-Xmx1g -Djavax.net.ssl.keyStorePassword=hunter2 -Da=b',
    '-Xmx1g -Djavax.net.ssl.keyStorePassword=*** -Da=b',
  ],
  [
    'sftp:h:22/x?username=me&password=RAW(hun&ter2)&delay=5',
    'sftp:h:22/x?username=me&password=***&delay=5',
  ],
  ["options password='hunter2 hunter2' x", 'options password=*** x'],
])('%s', (text, masked) => {
  expect(maskedText(text)).toBe(masked)
})

test('a value is masked by its name, its form or the word of the definition', () => {
  expect(maskedValue('DbPassword', 'x', false)).toBe('***')
  expect(maskedValue('DbHost', 'x', true)).toBe('***')
  expect(maskedValue('DbHost', 'x://a:b@c', false)).toBe('x://a:***@c')
  expect(maskedValue('DbHost', 'x', false)).toBe('x')
})

test.each(['password', '://a:', ':thin:a/'])(
  'masking takes a time that grows with the length of the text, of %s as well',
  (part) => {
    const growth = growthOfTenfold(2_000, (count) => maskedText(part.repeat(count)))
    expect(growth).toBeLessThan(linearGrowth)
  },
)

/** Everything that may be said about a text, in one. */
function allOutput(name: string, text: string, env: Record<string, string> = {}): string {
  const definition = emptyDefinition()
  const findings = noFindings()
  const source = new SourceText(name, text)
  const machine = { hostname: 'vm', addresses: new Set<string>() }
  if (name.endsWith('.xml')) readServiceDefinitions(source, definition, findings)
  else readDefinition(source, definition, { env, machine }, findings)
  const report = reportOf(definition, { system: null, host: null, machine }, findings)
  const problems = [...report.errors, ...report.warnings, ...report.notes]
  return [...problems.map(formatProblem), JSON.stringify(report.items)].join('\n')
}

const inGlobal = (text: string) => `systemDefinition {\n  global {\n    ${text}\n  }\n}`

describe('a secret never appears, however broken its item is', () => {
  test.each([
    'item(name = "DbPassword", value = "hunter2")',
    'item(name = "DbPassword", value = "hunter2"',
    'item(name = "DbPassword", value = "hunter2)',
    'item(name = "DbPassword", value = hunter2")',
    'item(name = "DbPassword", value = hunter2)',
    'item(name = "DbPassword" value = "hunter2")',
    'item(name = "DbPassword", value: "hunter2")',
    'item(name = "DbPassword", vaule = "hunter2")',
    'item(name = "DbPassword", value = "hunter2" + "hunter2")',
    'item("DbPassword", "hunter2", true, "hunter2")',
    'item(\n name = "DbPassword"\n value = "hunter2"\n)',
    'item(value = "hunter2", name = "DbPassword", x = )',
    'item(name = "A", value = "hunter2", encrypted = true, = )',
    'item(name = "SMTPPW", env["SMTPPASSWORD", "hunter2")',
    'item(name = "SMTPPW", value = "${hunter2}")',
    'item(name = "SMTPPW", value = "a$hunter2")',
    'item(name = "SMTPPW", value = "\\qhunter2")',
    'item(name = "SMTPPW", value = """hunter2',
    'item(name = "SMTPPW", value = \'hunter2\')',
    'item(name = "PIN_TOKEN", value = hunter2 + 2)',
    'item(name = "Url", value = "http://me:hunter2@host" "x")',
    'item(name = "Jvm", value = "-Dpassword=hunter2" "x")',
    'item("ClusterPort", "x") // was: password hunter2',
    'item("ClusterPort", "x") /* hunter2 */',
    'vault { config { token("hunter2") password = hunter2 ; ) } }',
    'link(name = "DbPassword", source = "a") item("a", "hunter2")',
    'item("MqLayer", "MQTT"); item("MqttBrokerUrl", "htp://me:hunter2@b")',
    'item("MqLayer", "MQTT"); item("MqttUsername", "hunter2", encrypted = true) )',
    'item("MqLayer", "MQTT"); item("MqttQos", "hunter2", encrypted = true)',
    'item("a", "hunter2") link(name = "DbPassword", source = "a")',
    'item("Url", "x://me:${env["A"]}hunter2@h" "x")',
    'item("Url", "x?password=a\\\\hunter2" "x")',
    'val password = "hunter2"',
    'password = "hunter2"',
    'if (password == "hunter2") { }',
  ])('%s', (text) => {
    const output = allOutput('d.kts', inGlobal(text))
    expect(output).not.toContain('hunter2')
    expect(output.length).toBeGreaterThan(2)
  })

  test.each([
    ['d.json', '{ "global": {\n"DbPassword": "hunter2", } }'],
    ['d.json', '{ "global": {\n"DbPassword": "hunter2" x } }'],
    ['d.json', '{ "global": {\n"DbPassword":\n"hunter2" x } }'],
    ['d.json', '{ "global": {\n"DbPassword":\nhunter2 } }'],
    ['d.json', '{ "global": { "Url": "x://a:hunter2@b" x } }'],
    ['s.xml', '<configuration><service password="hunter2" prot="1"/></configuration>'],
  ])('%s: %s', (name, text) => {
    const output = allOutput(name, text)
    expect(output).not.toContain('hunter2')
    expect(output.length).toBeGreaterThan(2)
  })

  test('a secret of the environment', () => {
    const text = inGlobal('item("DbPassword", env["PW"])\nitem("DbHost", "x://me:${env["PW"]}@h")')
    expect(allOutput('d.kts', text, { PW: 'hunter2' })).not.toContain('hunter2')
  })
})

test('what is no secret is shown', () => {
  const output = allOutput('d.kts', inGlobal('item(name = "DbPassword", value = "hunter2", = )'))
  expect(output).toContain('  |     item(name = "DbPassword", value = "***", = )')
})
