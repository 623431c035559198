import fs from 'node:fs'
import { expect, test } from 'vitest'
import { emptyDefinition, noFindings } from './definition.ts'
import { formatProblem } from './problem.ts'
import { readServiceDefinitions } from './service-definitions.ts'
import { servicePortOf } from './service-port.ts'
import { servicesInForce } from './items/services-in-force.ts'
import { SourceText } from './source-text.ts'

function read(text: string, hosts: readonly string[] = ['vm']) {
  const definition = emptyDefinition()
  const findings = noFindings()
  readServiceDefinitions(new SourceText('s.xml', text), definition, findings)
  const services = servicesInForce(definition, hosts, findings)
  const lines = (list: typeof findings.errors) =>
    list.map((problem) => formatProblem(problem).split('\n')[0])
  return { services, errors: lines(findings.errors), warnings: lines(findings.warnings) }
}

test('the processes of a file with their ports', () => {
  const file = new URL('fixtures/service-definitions.xml', import.meta.url)
  const { services, errors, warnings } = read(fs.readFileSync(file, 'utf8'))
  const plain = { host: 'localhost', secure: false, external: false }
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] })
  expect(services).toEqual([
    { process: 'GENESIS_CLUSTER', port: 9000, ...plain },
    { process: 'ALPHA_DATASERVER', port: 11000, ...plain },
    { process: 'ALPHA_EVENT_HANDLER', port: 11001, ...plain, secure: true },
    { process: 'BETA_DATASERVER', port: 11000, ...plain, host: 'elsewhere', external: true },
  ])
})

const around = (services: string) => `<configuration>\n${services}\n</configuration>`
const zeromq = '(its ZeroMQ port is 10000 above it)'

test.each([
  ['<service name="A"/>', [`s.xml:2:1: A: the port is missing: expected 1 to 55535 ${zeromq}`]],
  [
    '  <service name="A" port="70000"/>',
    [`s.xml:2:21: A: the port is "70000": expected 1 to 55535 ${zeromq}`],
  ],
  [
    '<service name="A" port="55536"/>',
    [`s.xml:2:19: A: the port is "55536": expected 1 to 55535 ${zeromq}`],
  ],
  ['<service\n  port="1"\n/>', ['s.xml:2:1: a service needs a name: name="…"']],
  ['<service name="" port="1"/>', ['s.xml:2:10: a service needs a name: name="…"']],
  [
    '<service name="A" prot="1"/>',
    [
      's.xml:2:19: a service has no "prot"; did you mean "port"?',
      `s.xml:2:1: A: the port is missing: expected 1 to 55535 ${zeromq}`,
    ],
  ],
  [
    '<service name="A" port="1"\n  secure="yes"/>',
    ['s.xml:3:3: secure is "yes": expected true or false'],
  ],
  [
    '<service name="A" port="1"/>\n<service name="B" port="1"/>',
    ['s.xml:3:1: A and B both have port 1 on localhost: expected one each'],
  ],
  [
    '<servise name="A" port="1"/>',
    ['s.xml:2:1: <servise>: expected <service …/>; did you mean "service"?'],
  ],
])('%s', (services, errors) => {
  expect(read(around(services)).errors).toEqual(errors)
})

test.each([
  [
    '<services>\n</services>',
    ['s.xml:1:1: <services>: expected <configuration> around the services'],
  ],
  [
    '<configuration>\n<service',
    [
      's.xml:2:8: not well-formed XML: unclosed tag: configuration',
      's.xml:2:8: not well-formed XML: unexpected end',
    ],
  ],
  ['', ['s.xml:1:1: not well-formed XML: document must contain a root element']],
  [
    '<configuration>\n<service name=A port="1"/>\n</configuration>',
    ['s.xml:2:15: not well-formed XML: unquoted attribute value'],
  ],
])('no service definitions: %j', (text, errors) => {
  expect(read(text).errors).toEqual(errors)
})

test('the later of two ports for one process counts', () => {
  const { services, warnings } = read(
    around('<service name="A" port="1"/><service name="A" port="2"/>'),
  )
  expect(services.map(({ port }) => port)).toEqual([2])
  expect(warnings).toEqual(['s.xml:2:29: A stands twice for localhost: this port counts, 2, not 1'])
})

test('a host that the definition does not list', () => {
  const text = around('<service name="A" host="app-hots1" port="1"/>')
  expect(read(text, ['app-host1', 'app-host2']).warnings).toEqual([
    's.xml:2:1: A is on app-hots1, which is no host of the definition; did you mean "app-host1"?',
  ])
})

test.each([
  ['APP-Host1', 11_002],
  ['app-host2', 11_001],
])(
  'a process on %s has the port of its host, in whatever case, else that of any host',
  (node, port) => {
    const { services } = read(
      around(
        '<service name="A" host="elsewhere" port="11000"/><service name="A" port="11001"/>' +
          '<service name="A" host="app-host1" port="11002"/>',
      ),
    )
    expect(servicePortOf(services, 'A', node)?.port).toBe(port)
  },
)

test('a process whose host is not named has the first port of its name', () => {
  const { services } = read(
    around('<service name="A" host="x1" port="1"/><service name="A" host="x2" port="2"/>'),
  )
  expect(servicePortOf(services, 'A', 'app-host1')?.port).toBe(1)
})
