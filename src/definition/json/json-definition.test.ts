import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DefinitionObject } from './definition-object.ts'
import { emptyDefinition, noFindings } from '../definition.ts'
import { readJsonDefinition } from './json-definition.ts'
import { loadSettings } from '../load-settings.ts'
import { formatProblem } from '../problem.ts'
import { SourceText } from '../source-text.ts'

const here = { env: {}, hostname: 'vm', localAddresses: [], cwd: import.meta.dirname } as const
const global = { ZeroMQProxyInboundPort: 5001, ZeroMQProxyOutboundPort: '5000' } as const

const complete: DefinitionObject = {
  global: { ...global, zeromqproxymodeenabled: true, MqttQos: null },
  systems: [
    {
      name: 'DEV',
      items: { ZeroMQProxyUnicastRelayEnabled: true },
      hosts: [{ name: 'LOCAL_HOST', items: { ClusterPort: 7000 } }, { name: 'other' }],
    },
  ],
  services: [{ name: 'ALPHA_EVENT_HANDLER', port: 11_001 }],
}

const kept = {
  REPORTING_LIST: ['TRADE', 'ORDER', 1, true, null],
  LIMITS: { DESK: { most: 5, names: [] } },
  DATABASE: { url: 'jdbc:x', password: 'not to be seen' },
}

test.each(['object', 'file'])('lists and objects of items that are not used pass: %s', (form) => {
  const definition = { global: { ...global, ...kept }, systems: [{ name: 'S', items: { L: [1] } }] }
  const folder = mkdtempSync(path.join(tmpdir(), 'tidings-json-'))
  try {
    const file = path.join(folder, 'kept.json')
    writeFileSync(file, JSON.stringify(definition, null, 2))
    const given = form === 'file' ? file : (definition as unknown as DefinitionObject)
    const { errors, settings, items } = loadSettings({ ...here, definition: given })
    expect(errors).toEqual([])
    expect(settings?.node.ports.inbound).toBe(5001)
    expect(items.filter(({ used }) => !used).map(({ name, value }) => [name, value])).toEqual([
      ['REPORTING_LIST', '["TRADE","ORDER",1,true,null]'],
      ['LIMITS', '{"DESK":{"most":5,"names":[]}}'],
      ['DATABASE', '***'],
      ['L', '[1]'],
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a file names where the list of an item that is used stands', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tidings-json-'))
  try {
    const file = path.join(folder, 'used.json')
    writeFileSync(file, JSON.stringify({ global: { ...global, ClusterPort: {} } }, null, 1))
    const [error, ...more] = loadSettings({ ...here, definition: file }).errors.map(formatProblem)
    expect(error).toMatch(
      /used\.json:5:18: global\.ClusterPort: expected a text, number, true, false or null/,
    )
    expect(more).toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('an object means what the same definition in a file means', () => {
  const { settings, errors, items } = loadSettings({ ...here, definition: complete })
  const ports = {
    inbound: 5001,
    outbound: 5000,
    cluster: 7000,
    registry: 7001,
    relay: 7002,
    export: 7003,
  }
  expect(errors).toEqual([])
  expect(settings).toMatchObject({
    system: 'DEV',
    mode: 'proxy',
    link: 'relay',
    node: { name: 'vm', ports },
  })
  expect(settings?.services).toEqual([
    {
      process: 'ALPHA_EVENT_HANDLER',
      host: 'localhost',
      port: 11_001,
      secure: false,
      external: false,
    },
  ])
  expect(items.find(({ name }) => name === 'ClusterPort')).toEqual({
    name: 'ClusterPort',
    value: '7000',
    level: 'host',
    file: null,
    line: null,
    used: true,
  })
})

describe('errors of an object name the path', () => {
  const mistaken = (definition: unknown) =>
    loadSettings({ ...here, definition: definition as DefinitionObject }).errors.map(formatProblem)

  test.each<[unknown, string]>([
    [
      { global: { ...global, ClusterPort: 0 } },
      'global.ClusterPort: ClusterPort is "0": expected a port from 1 to 65535',
    ],
    [
      { global: { ...global, ClusterPort: [1] } },
      'global.ClusterPort: expected a text, number, true, false or null',
    ],
    [
      { global: { ...global, ANY: () => 1 } },
      'global.ANY: expected a text, number, true, false or null',
    ],
    [{ global, systems: () => [] }, 'systems: expected an array'],
    [{ global: 'x', systems: [] }, 'global: expected an object of items: { "NAME": value }'],
    [
      { global, systms: [] },
      'systms: not known: expected global, systems, services; did you mean "systems"?',
    ],
    [{ global, systems: {} }, 'systems: expected an array'],
    [{ global, systems: [{ hosts: [] }] }, 'systems[0]: expected "name"'],
    [{ global, systems: [{ name: ' ' }] }, 'systems[0].name: the name is empty'],
    [
      { global, systems: [{ name: 'DEV', hosts: ['vm'] }] },
      'systems[0].hosts[0]: expected an object with name, items',
    ],
    [
      { global, systems: [{ name: 'DEV', hosts: [{ name: 7 }] }] },
      'systems[0].hosts[0].name: expected a text',
    ],
    [
      { global, services: [{ name: 'A', port: 60_000 }] },
      'services[0].port: A: the port is "60000": expected 1 to 55535 (its ZeroMQ port is 10000 above it)',
    ],
    [
      { global, services: [{ name: 'A', port: 1, secure: 'no' }] },
      'services[0].secure: expected true or false',
    ],
    [
      {},
      'definition: MqLayer ZeroMQ needs ZeroMQProxyInboundPort and ZeroMQProxyOutboundPort: ' +
        'ZeroMQProxyInboundPort and ZeroMQProxyOutboundPort are missing',
    ],
  ])('%j', (definition, error) => {
    expect(mistaken(definition)[0]).toBe(error)
  })

  test('an object in a circle ends', () => {
    const circle: Record<string, unknown> = { ...complete }
    circle['global'] = circle
    expect(mistaken(circle).length).toBeGreaterThan(0)
    const list: unknown[] = []
    list.push(list)
    expect(mistaken({ global: { ...global, LIST: list } })).toEqual([])
    expect(mistaken({ global, systems: list })[0]).toBe(
      'systems[0]: expected an object with name, items, hosts',
    )
  })
})

describe('errors of a file name place and path', () => {
  const mistaken = (text: string) => {
    const findings = noFindings()
    readJsonDefinition(new SourceText('d.json', text), emptyDefinition(), 'vm', findings)
    return findings.errors.map((problem) => formatProblem(problem).split('\n')[0])
  }

  test.each([
    ['{ "global": { "A": 1, } }', 'd.json:1:23: expected a name in double quotes'],
    [
      '{ "global": { "A": tru } }',
      'd.json:1:20: expected a value (an object, array, text, number, true, false or null)',
    ],
    ['{ "global": { "A" 1 } }', 'd.json:1:19: expected ":" after the name'],
    ['{ "global": { "A": 1 "B": 2 } }', 'd.json:1:22: expected "," or "}" in the object'],
    ['{ "systems": [1 2] }', 'd.json:1:17: expected "," or "]" in the array'],
    [
      '{ "global": { "A": "b\n" } }',
      'd.json:1:20: this text is not closed: expected " before the end of the line',
    ],
    [
      '{ "global": { "A": "\\x" } }',
      'd.json:1:20: this text has an escape or a control character that JSON does not know',
    ],
    ['{ } x', 'd.json:1:5: expected the end of the file'],
    ['', 'd.json:1:1: expected a value (an object, array, text, number, true, false or null)'],
    ['[]', 'd.json:1:1: expected an object with global, systems, services'],
    ['{ "global": {}, "global": {} }', 'd.json:1:17: global: is given twice'],
    ['['.repeat(100_000), 'd.json:1:65: nested more than 64 deep'],
  ])('%.40j', (text, error) => {
    expect(mistaken(text)).toEqual([error])
  })
})
