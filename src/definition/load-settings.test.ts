import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSettings } from './load-settings.ts'
import type { SettingsOptions } from './settings-report.ts'

const template = path.join(import.meta.dirname, 'fixtures/template.kts')

let folder = ''
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'definition-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

const here = { env: {}, hostname: 'vm', localAddresses: ['10.1.2.3'] } as const

function write(name: string, text: string): string {
  const file = path.join(folder, name)
  fs.writeFileSync(file, text)
  return file
}

/** Loads from an empty folder, so that nothing is found that was not named. */
const load = (options: SettingsOptions) => loadSettings({ ...here, cwd: folder, ...options })

const ports = 'item("ZeroMQProxyInboundPort", 5001)\nitem("ZeroMQProxyOutboundPort", 5000)\n'
const definition = (global: string, systems = '') =>
  `systemDefinition { global {\n${ports}${global}\n}\nsystems {\n${systems}\n} }`

describe('a template with everything that real files contain', () => {
  test('on the machine of the developer', () => {
    const report = load({ definition: template })
    expect(report.errors).toEqual([])
    expect(report.settings).toEqual({
      layer: 'ZeroMQ',
      system: 'DEV',
      mode: 'proxy',
      link: 'none',
      hostsQuery: null,
      beaconPort: 0,
      processPorts: { first: 11_000, last: 55_535 },
      clusterName: 'DEV',
      nodes: [{ name: 'vm', ports: portsFrom(6000) }],
      node: { name: 'vm', ports: portsFrom(6000) },
      services: [],
      connectViaLoopback: true,
      relayIntervalMs: 5,
    })
  })

  test('on one of two hosts, which are linked', () => {
    const report = load({ definition: template, host: 'app-host2' })
    const own = { name: 'app-host2', ports: { ...portsFrom(6100), relay: 6200 } }
    expect(report.errors).toEqual([])
    expect(report.settings).toMatchObject({ system: 'UAT', mode: 'proxy', link: 'relay' })
    expect(report.settings?.nodes).toEqual([{ name: 'app-host1', ports: portsFrom(6000) }, own])
    expect(report.settings?.node).toEqual(own)
  })

  test('on a host known by its address', () => {
    const report = load({
      definition: template,
      hostname: 'elsewhere',
      system: 'PROD',
      localAddresses: ['10.0.0.2'],
    })
    expect(report.settings?.node.name).toBe('10.0.0.2')
    expect(report.settings?.link).toBe('multicast')
    expect(report.settings?.multicast).toEqual({
      group: '239.192.84.73',
      port: report.settings?.node.ports.cluster,
      interface: null,
      ttl: 1,
      datagramBytes: 1_400,
      bytesPerSecond: 32_000_000,
    })
  })

  test('through MQTT, chosen by the environment', () => {
    const env = { MQ_LAYER: 'MQTT', MQTT_BROKER_URL: 'ssl://broker:8883', MQTT_QOS: '1' }
    const report = load({ definition: template, env })
    expect(report.errors).toEqual([])
    expect(report.settings?.layer).toBe('MQTT')
    expect(report.settings?.mqtt).toEqual({
      brokerUrls: ['ssl://broker:8883'],
      qos: 1,
      clientId: 'genesis/{{HOSTNAME}}/{{PROCESS_NAME}}',
      queueNamePattern: 'genesis/database/{{TABLE_NAME}}',
      username: null,
      password: null,
      tls: { verify: true, ca: null, certificate: null, key: null },
    })
    const used = report.items.filter((item) => item.used).map(({ name }) => name)
    expect(used).toEqual(['MqLayer', 'MqttQos', 'MqttBrokerUrl'])
  })

  test('its items are told with value, level and place', () => {
    const { items } = load({ definition: template })
    const named = (name: string) => items.find((item) => item.name === name)
    expect(named('ZeroMQProxyModeEnabled')).toEqual({
      name: 'ZeroMQProxyModeEnabled',
      value: 'true',
      level: 'global',
      file: template,
      line: 13,
      used: true,
    })
    expect(named('ClusterPort')).toMatchObject({ level: 'system', line: 77, used: true })
    expect(named('Greeting')?.value).toBe('He said "hi", and\nleft for {{appName}} with $5')
    expect(named('Escapes')?.value).toBe('tab\there \\ A\n$HOME $5')
    expect(named('MetadataChronicleMapAverageKeySizeBytes')?.value).toBe('128')
    expect(named('DbUsername')).toBeUndefined()
    expect(named('Commented')).toBeUndefined()
  })
})

function portsFrom(cluster: number) {
  const [registry, relay, exported] = [cluster + 1, cluster + 2, cluster + 3]
  return { inbound: 5001, outbound: 5000, cluster, registry, relay, export: exported }
}

describe('what is found when nothing is named', () => {
  test('nothing: the defaults', () => {
    const report = load({})
    expect(report.items).toEqual([])
    expect(report.settings).toMatchObject({
      layer: 'ZeroMQ',
      system: null,
      mode: 'mesh',
      link: 'none',
      hostsQuery: null,
      beaconPort: 0,
      processPorts: { first: 11_000, last: 55_535 },
      clusterName: '',
    })
    expect(report.settings?.node).toEqual({
      name: 'vm',
      ports: {
        inbound: 5561,
        outbound: 5560,
        cluster: 6000,
        registry: 6001,
        relay: 6002,
        export: 6003,
      },
    })
  })

  test('the file of the folder, and before it the environment', () => {
    const cwd = fs.mkdtempSync(path.join(folder, 'found-'))
    fs.writeFileSync(
      path.join(cwd, 'genesis-system-definition.kts'),
      definition('item("ClusterPort", 7000)'),
    )
    fs.writeFileSync(path.join(cwd, 'other.kts'), definition('item("ClusterPort", 7100)'))
    const clusterPort = (options: SettingsOptions) =>
      load({ cwd, ...options }).settings?.node.ports.cluster
    expect(clusterPort({})).toBe(7000)
    expect(clusterPort({ definition: [] })).toBe(7000)
    expect(clusterPort({ env: { TIDINGS_DEFINITION: 'other.kts' } })).toBe(7100)
    expect(clusterPort({ env: { TIDINGS_DEFINITION: '' } })).toBe(7000)
    const env = { TIDINGS_DEFINITION: 'other.kts' }
    expect(clusterPort({ env, definition: 'genesis-system-definition.kts' })).toBe(7000)
  })

  test('system and host of the environment', () => {
    const env = { TIDINGS_SYSTEM: 'UAT', TIDINGS_HOST: 'APP-HOST1' }
    expect(load({ definition: template, env })).toMatchObject({ system: 'UAT', host: 'app-host1' })
    expect(load({ definition: template, env, host: 'app-host2' }).host).toBe('app-host2')
  })
})

describe('levels and files', () => {
  test('the nearer level wins, whatever the order; the empty value counts as absent', () => {
    const file = write(
      'levels.kts',
      definition(
        'item("ClusterPort", 1000)\nitem("TidingsRelayPort", 1500)\nitem("A", "global")',
        `system("DEV") { hosts { host("VM") { item("ClusterPort", 3000); item("A", "") } }
         item("clusterport", 2000); item("a", "system") }`,
      ),
    )
    const report = load({ definition: file })
    expect(report.settings?.node).toMatchObject({
      name: 'VM',
      ports: { cluster: 3000, relay: 1500 },
    })
    expect(report.items.find(({ name }) => name === 'a')).toMatchObject({
      value: 'system',
      level: 'system',
    })
  })

  test('of several files the later wins; their systems add up', () => {
    const first = write(
      'first.kts',
      definition('item("ClusterPort", 1000)', 'system("DEV") { hosts { host("vm") } }'),
    )
    const second = write(
      'second.json',
      JSON.stringify({
        global: { ClusterPort: 2000 },
        systems: [{ name: 'DEV', hosts: [{ name: 'other' }] }],
      }),
    )
    const merged = load({ definition: [first, second] })
    expect(merged.settings?.nodes.map(({ name }) => name)).toEqual(['vm', 'other'])
    expect(merged.settings?.node.ports.cluster).toBe(2000)
    expect(merged.warnings).toEqual([])
    expect(load({ definition: [second, first] }).settings?.node.ports.cluster).toBe(1000)
  })

  test('a mistake in a system that is not in force is a warning', () => {
    const systems =
      'system("DEV") { hosts { host("vm") } }\nsystem("UAT") { hosts { host("x") { item("ClusterPort", "?") } } }'
    const report = load({ definition: write('two.kts', definition('', systems)) })
    expect(report.settings?.system).toBe('DEV')
    expect(report.warnings.map(({ message }) => message)).toEqual([
      'ClusterPort is "?": expected a port from 1 to 65535',
    ])
  })
})

describe('which host this is', () => {
  const systems = `system("DEV") { hosts { host("alpha"); host("beta.example.org") } }
    system("UAT") { hosts { host("127.0.0.2"); host("127.0.0.3") } }
    system("LAB") { hosts { host("10.1.2.3") } }`
  const hosts = 'alpha, beta.example.org, 127.0.0.2, 127.0.0.3, 10.1.2.3'
  const nodeOf = (options: SettingsOptions) => {
    const file = write('hosts.kts', definition('', systems))
    return load({ definition: file, localAddresses: [], ...options })
  }

  test.each([
    { options: { hostname: 'alpha' }, node: 'alpha' },
    { options: { hostname: 'ALPHA.example.org' }, node: 'alpha' },
    { options: { hostname: 'beta.example.org' }, node: 'beta.example.org' },
    { options: { localAddresses: ['10.1.2.3'] }, node: '10.1.2.3' },
    { options: { host: '127.0.0.3' }, node: '127.0.0.3' },
    { options: { host: 'Alpha', system: 'DEV' }, node: 'alpha' },
  ])('$options → $node', ({ options, node }) => {
    expect(nodeOf(options).settings?.node.name).toBe(node)
  })

  test.each([
    {
      options: { hostname: 'gamma' },
      message: `none of the hosts is this machine (gamma): ${hosts}; name one with --host`,
    },
    {
      options: { host: 'alhpa' },
      message: `the definition has no host "alhpa": its hosts are ${hosts}; did you mean "alpha"?`,
    },
    {
      options: { system: 'DEW' },
      message:
        'the definition has no system "DEW": its systems are DEV, UAT, LAB; did you mean "DEV"?',
    },
    {
      options: { system: 'LAB', host: 'alpha' },
      message: 'the definition has no host "alpha": its hosts are 10.1.2.3',
    },
  ])('$options: no', ({ options, message }) => {
    const { settings, errors } = nodeOf(options)
    expect(settings).toBeNull()
    expect(errors.map((error) => error.message)).toEqual([message])
  })

  test('without hosts this machine is the only one, by any name that it has', () => {
    const file = write('hostless.kts', `systemDefinition { global {\n${ports}} }`)
    for (const host of ['vm', 'localhost', '127.0.0.7', '10.1.2.3']) {
      expect(load({ definition: file, host }).settings?.nodes.map(({ name }) => name)).toEqual([
        host,
      ])
    }
    expect(load({ definition: file, host: 'elsewhere' }).errors[0]?.message).toBe(
      'the host "elsewhere" is not this machine (vm), and no hosts are listed',
    )
  })
})

describe('what is said besides', () => {
  const said = (global: string, kind: 'warnings' | 'notes', env = {}) =>
    load({ definition: write('said.kts', definition(global)), env })[kind].map(
      ({ message }) => message,
    )

  test.each([
    [
      'item("ZeroMQProxyInbondPort", 1)',
      '"ZeroMQProxyInbondPort" is not an item of the update queue and not used; ' +
        'did you mean "ZeroMQProxyInboundPort"?',
    ],
    [
      'item("ClusterPort", 1)\nitem("clusterPort", 2)',
      'clusterPort stands twice in global: this one counts, not the one in line 4',
    ],
    [
      'item("ClusterMode", "CONSUL")',
      'ClusterMode CONSUL is not carried here: the nodes are the hosts of the definition',
    ],
    ['item("MqttQos", 7)', 'MqttQos is "7": expected a whole number from 0 to 2'],
    [
      'item("A", "b", hidden = true)',
      '"item" has no argument "hidden": expected name, value, encrypted; it is not used here',
    ],
  ])('warning: %s', (global, message) => {
    expect(said(global, 'warnings')).toEqual([message])
  })

  test.each([
    [
      'item("MqLayer", "MQTT")\nitem("MqttTlsVerify", false)',
      'MqttTlsVerify is false: anyone can pretend to be the broker; for development and tests only',
    ],
    [
      'item("MqLayer", "MQTT")\nitem("MqttPassword", "x", encrypted = true)',
      'MqttPassword is marked as encrypted: it is not decrypted here, it is taken as it stands',
    ],
  ])('warning of MQTT: %s', (global, message) => {
    expect(said(global, 'warnings')).toEqual([message])
  })

  test.each([
    [
      'item("CLUSTERPORT", 1)',
      '"CLUSTERPORT" is taken for ClusterPort: names are matched without regard to case',
    ],
    ['item("ClusterPort", env["NO"])', 'ClusterPort is empty and counts as absent'],
    [
      'item("ZeroMQProxyUnicastRelayEnabled", true)',
      'ZeroMQProxyUnicastRelayEnabled is true, and there is one host: nothing to link',
    ],
    [
      'extras { anything("x") { y = listOf(1) } }',
      'the block "extras { }" in global is not known here and not used',
    ],
    [
      'vault { config { token("t") } }\nlink("DbPassword", "secret.pw")',
      'DbPassword comes from "secret.pw" of the vault, which is not read here',
    ],
  ])('note: %s', (global, message) => {
    expect(said(global, 'notes')).toEqual([message])
  })
})

describe('a file', () => {
  test('that is not text', () => {
    fs.writeFileSync(path.join(folder, 'latin.kts'), Buffer.from([0x73, 0xff, 0xfe]))
    const { errors } = load({ definition: 'latin.kts' })
    expect(errors.map(({ message }) => message)).toContain('cannot be read: it is not UTF-8')
  })
})
