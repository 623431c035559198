import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LookUp } from '../sockets/host-lookup.ts'
import { runCheck } from './check.ts'
import type { CheckOptions } from './check.ts'
import { lookUpInTime } from './host-warnings.ts'

const fixtures = path.join(import.meta.dirname, '../definition/fixtures')
const secrets = [
  'Pa55word5432',
  '0123456789abcdef',
  'foo-secret-default',
  'sftp-secret',
  's.NotARealToken',
]

let folder = ''
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'check-'))
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

class Sink extends Writable {
  text = ''
  isTTY = false
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
  hasColors(): boolean {
    return true
  }
}

/** Every name resolves, unless `options` say otherwise. */
async function check(options: Partial<CheckOptions>, isTerminal = false) {
  const out = new Sink()
  const err = new Sink()
  out.isTTY = isTerminal
  const defaults = { files: [], json: false, env: {}, cwd: folder, lookUp: resolving }
  const code = await runCheck({ ...defaults, ...options }, out, err)
  return { code, out: out.text, err: err.text }
}

const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text)

const addresses = new Map<string, string>()
const resolving: LookUp = (host) => {
  const address = addresses.get(host) ?? `192.0.2.${addresses.size + 1}`
  addresses.set(host, address)
  return Promise.resolve({ addresses: [address] })
}

/** A look-up that knows all names but these, and keeps what it was asked for. */
function failing(...unknown: readonly string[]) {
  const asked: string[] = []
  const lookUp: LookUp = (host) => {
    asked.push(host)
    if (!unknown.includes(host)) return resolving(host)
    return Promise.resolve({ addresses: [], why: 'no such name' })
  }
  return { asked, lookUp }
}

describe('for people', () => {
  test('items, their meaning and what is worth a word', async () => {
    write(
      'two.kts',
      `systemDefinition {
  global {
    item("ZeroMQProxyInboundPort", 5001)
    item("zeroMQProxyOutboundPort", 5000)
    item("DbLayer", "SQL")
    item("ClusterPrt", 1)
  }
  systems { system("DEV") { hosts { host("a"); host("b") } } }
}`,
    )
    const { code, out, err } = await check({ files: ['two.kts'], host: 'a' })
    expect(code).toBe(0)
    expect(err).toBe('no errors, 1 warning\n')
    expect(out).toBe(`Items
  ZeroMQProxyInboundPort   5001  global  two.kts:3
  ZeroMQProxyOutboundPort  5000  global  two.kts:4
  DbLayer                  SQL   global  two.kts:5  (not used here)
  ClusterPrt               1     global  two.kts:6  (not used here)

This node
  This node is a, one of 2 nodes (a, b) of the system DEV.
  Mode mesh: each of its processes connects to each other one.
  GENESIS_CLUSTER binds: inbound 5001, outbound 5000, membership 6000, registration 6001, relay 6002, export 6003.
  Link multicast: updates go to the other nodes by the group 239.192.84.73, UDP port 6000.
  It hands out process ports from 11000 to 55535 (ZeroMQ 21000 to 65535).
  No keys: nothing is encrypted, and every user of its hosts may connect.

Notes
  two.kts:4:5: "zeroMQProxyOutboundPort" is taken for ZeroMQProxyOutboundPort: names are matched without regard to case
    |     item("zeroMQProxyOutboundPort", 5000)
    |     ^

Warnings
  two.kts:6:5: "ClusterPrt" is not an item of the update queue and not used; did you mean "ClusterPort"?
    |     item("ClusterPrt", 1)
    |     ^
`)
  })

  test('without any definition', async () => {
    const { code, out } = await check({})
    expect(code).toBe(0)
    expect(out).toContain('none: the defaults hold')
    expect(out).toContain('inbound 5561, outbound 5560')
  })

  test('with all errors', async () => {
    write(
      'bad.kts',
      'systemDefinition {\n  global {\n    item("ClusterPort", 0)\n    val x = 1\n  }\n}',
    )
    const { code, out, err } = await check({ files: ['bad.kts', 'gone.xml'] })
    expect(code).toBe(1)
    expect(err).toBe('4 errors, no warnings\n')
    for (const place of [
      'bad.kts:1:1:',
      'bad.kts:3:25:',
      'bad.kts:4:5:',
      'gone.xml: cannot be read',
    ]) {
      expect(out).toContain(place)
    }
    expect(out).not.toContain('This node')
  })

  test('in colours on a terminal only', async () => {
    const escape = String.fromCharCode(27)
    expect((await check({}, true)).out).toContain(escape)
    expect((await check({})).out).not.toContain(escape)
  })

  test('proxy, relay, services and MQTT in sentences', async () => {
    const files = [
      path.join(fixtures, 'template.kts'),
      path.join(fixtures, 'service-definitions.xml'),
    ]
    const relay = (await check({ files, host: 'app-host1' })).out
    expect(relay).toContain('Mode proxy: its processes talk through GENESIS_CLUSTER.')
    expect(relay).toContain('Link relay: updates go to each other node point to point, at once.')
    expect(relay).toContain('Process ports on this node, by the service definitions: ')
    expect(relay).toContain('ALPHA_DATASERVER 11000 (ZeroMQ 21000)')
    expect(relay).toContain('BETA_DATASERVER 11000 (ZeroMQ 21000, given for elsewhere, external).')
    const env = { MQ_LAYER: 'MQTT', MQTT_BROKER_URL: 'ssl://me:hunter2@broker:8883' }
    const mqtt = await check({ files, host: 'app-host1', env })
    expect(mqtt.out).toContain(
      'Updates go through the MQTT broker at ssl://broker:8883, quality of service 2: those of TRADE on the topic genesis/database/TRADE.',
    )
    expect(mqtt.out).toContain('below genesis/database/~. No GENESIS_CLUSTER is needed.')
    expect(mqtt.out).toContain(
      'Their client ids are genesis/{{HOSTNAME}}/{{PROCESS_NAME}}, followed by the instance, if any, and a part of the incarnation.',
    )
    expect(mqtt.out).not.toContain('hunter2')
  })
})

describe('a port of the service definitions', () => {
  test.each([
    [
      'app-host1',
      'P 11000 (ZeroMQ 21000), Q 11001 (ZeroMQ 21001), R 11002 (ZeroMQ 21002, given for app-host2)',
    ],
    ['app-host2', 'P 12000 (ZeroMQ 22000), Q 11001 (ZeroMQ 21001), R 11002 (ZeroMQ 21002)'],
    [
      'app-host3',
      'P 11000 (ZeroMQ 21000, given for app-host1), Q 11001 (ZeroMQ 21001), R 11002 (ZeroMQ 21002, given for app-host2)',
    ],
  ])(
    'is said with the host that it is given for where that is another one: on %s',
    async (host, ports) => {
      const names = ['app-host1', 'app-host2', 'app-host3'].map((name) => `host("${name}")`)
      write(
        'three.kts',
        `systemDefinition {
  global { item("ZeroMQProxyInboundPort", 5001); item("ZeroMQProxyOutboundPort", 5000) }
  systems { system("DEV") { hosts { ${names.join('; ')} } } }
}`,
      )
      write(
        'services.xml',
        `<configuration>
  <service host="app-host1" name="P" port="11000"/>
  <service host="app-host2" name="P" port="12000"/>
  <service host="localhost" name="Q" port="11001"/>
  <service host="app-host2" name="R" port="11002"/>
</configuration>`,
      )
      const { code, out } = await check({ files: ['three.kts', 'services.xml'], host })
      expect(code, out).toBe(0)
      expect(out).toContain(`by the service definitions: ${ports}. A process`)
    },
  )
})

describe('as JSON', () => {
  test('the shape that programs rely on', async () => {
    write(
      'one.kts',
      'systemDefinition { global {\nitem("ZeroMQProxyInboundPort", 5001)\nitem("clusterport", "x") } }',
    )
    const { code, out, err } = await check({ files: ['one.kts'], json: true, host: 'localhost' })
    expect({ code, err }).toEqual({ code: 1, err: '' })
    expect(JSON.parse(out)).toEqual({
      system: null,
      host: 'localhost',
      items: [
        {
          name: 'ZeroMQProxyInboundPort',
          value: '5001',
          level: 'global',
          file: 'one.kts',
          line: 2,
          used: true,
        },
        { name: 'ClusterPort', value: 'x', level: 'global', file: 'one.kts', line: 3, used: true },
      ],
      errors: [
        {
          file: 'one.kts',
          line: 1,
          column: 1,
          message:
            'MqLayer ZeroMQ needs ZeroMQProxyInboundPort and ZeroMQProxyOutboundPort: ' +
            'ZeroMQProxyOutboundPort is missing',
        },
        {
          file: 'one.kts',
          line: 3,
          column: 21,
          message: 'ClusterPort is "x": expected a port from 1 to 65535',
        },
      ],
      warnings: [],
    })
  })
})

test('no secret of the template is shown', async () => {
  const env = {
    DBPASSWORD: 'hunter2',
    SMTPPASSWORD: 'hunter2',
    SFTP_PW: 'hunter2',
    DB_USERNAME: 'me',
  }
  const files = [path.join(fixtures, 'template.kts')]
  for (const json of [false, true]) {
    for (const variables of [{}, env]) {
      const { code, out } = await check({ files, json, host: 'app-host1', env: variables })
      expect(code).toBe(0)
      for (const secret of [...secrets, 'hunter2']) expect(out).not.toContain(secret)
      expect(out).toContain('password=***')
    }
  }
})

describe('names of hosts', () => {
  const definition = (...hosts: readonly string[]) => `systemDefinition {
  global {
    item("ZeroMQProxyInboundPort", 5001)
    item("ZeroMQProxyOutboundPort", 5000)
    item("ClusterPrt", 1)
  }
  systems {
    system("DEV") { hosts { host("elsewhere"); host("LOCAL") } }
    system("PROD") {
      hosts {
${hosts.map((host) => `        host("${host}")`).join('\n')}
      }
    }
  }
}`
  const chosen = { files: ['names.kts'], system: 'PROD', host: 'a' }
  const misspelled =
    'the host "app-hots2" does not resolve on this machine (no such name): ' +
    'GENESIS_CLUSTER starts without that node, and looks its name up again every 5 s; is it misspelled?'

  test('that do not resolve are warned of, each at its place; of other systems nothing is asked', async () => {
    write('names.kts', definition('a', 'app-hots2', 'c'))
    const { asked, lookUp } = failing('app-hots2', 'elsewhere')
    const { code, out, err } = await check({ ...chosen, lookUp })
    expect({ code, err }).toEqual({ code: 0, err: 'no errors, 2 warnings\n' })
    expect(asked).toEqual(['a', 'app-hots2', 'c'])
    expect(out.slice(out.indexOf('Warnings'))).toBe(`Warnings
  names.kts:5:5: "ClusterPrt" is not an item of the update queue and not used; did you mean "ClusterPort"?
    |     item("ClusterPrt", 1)
    |     ^
  names.kts:12:9: ${misspelled}
    |         host("app-hots2")
    |         ^
`)
  })

  test('stand in the JSON', async () => {
    write('names.kts', definition('a', 'app-hots2'))
    const { out } = await check({ ...chosen, ...failing('app-hots2'), json: true })
    const { warnings } = JSON.parse(out) as { warnings: unknown[] }
    expect(warnings[1]).toEqual({ file: 'names.kts', line: 12, column: 9, message: misspelled })
  })

  test('the own one: what it means is another thing', async () => {
    write('names.kts', definition('A', 'b'))
    const { out } = await check({ ...chosen, ...failing('A') })
    expect(out).toContain('names.kts:11:9: the host "A" does not resolve on this machine (no such')
    expect(out).toContain('this node starts all the same')
    expect(out).not.toContain('starts without that node')
  })

  test('one that is alone needs none', async () => {
    write('names.kts', definition('a'))
    const { asked, lookUp } = failing('a')
    expect((await check({ ...chosen, lookUp })).err).toBe('no errors, 1 warning\n')
    expect(asked).toEqual([])
  })

  test('addresses are themselves', async () => {
    write('names.kts', definition('127.0.0.2', '192.0.2.1', 'localhost'))
    const { out } = await check({ ...chosen, host: '127.0.0.2', lookUp: lookUpInTime })
    expect(out).not.toContain('does not resolve')
  })

  test('of one address are warned of: only one of two such nodes can run', async () => {
    write('names.kts', definition('127.0.0.1', 'localhost', '192.0.2.1'))
    const { out } = await check({ ...chosen, host: '127.0.0.1', lookUp: lookUpInTime })
    expect(out).toContain(
      'names.kts:12:9: the hosts "127.0.0.1" and "localhost" have one address on this machine (127.0.0.1): ' +
        'only one of the two nodes can run with these ports',
    )
    expect(out.match(/have one address/g)).toHaveLength(1)
  })

  test('may be addresses of IPv6, however they are spelled, but for those of one link', async () => {
    write('names.kts', definition('[FD00:0::1]', 'fd00::2'))
    const good = await check({ ...chosen, host: 'fd00:0:0::1', lookUp: lookUpInTime })
    expect(good.code).toBe(0)
    expect(good.out).toContain('This node is fd00::1, one of 2 nodes (fd00::1, fd00::2)')
    write('names.kts', definition('127.0.0.1', 'fe80::1%eth0'))
    const { code, out } = await check({ ...chosen, host: '127.0.0.1', lookUp: lookUpInTime })
    expect(code).toBe(1)
    expect(out).toContain('names.kts:12:9: the host "fe80::1%eth0" is an address that holds on')
  })

  test('a mistake elsewhere does not hide them', async () => {
    write('names.kts', definition('a', 'app-hots2').replace('5001', '0'))
    const { code, out } = await check({ ...chosen, ...failing('app-hots2') })
    expect(code).toBe(1)
    expect(out).toContain(misspelled)
  })
})

describe('a query for the hosts', () => {
  const text = (items: string, hosts = '') =>
    `systemDefinition { global {
      item("ZeroMQProxyInboundPort", 5001); item("ZeroMQProxyOutboundPort", 5000)
      item("ZeroMQProxyUnicastRelayEnabled", true)
      ${items} }
    systems { system("SHOP") { hosts { ${hosts} } } } }`
  const query = 'item("TidingsHostsQuery", "nodes.shop")'
  const run = (items: string, hosts?: string, lookUp?: LookUp) => {
    write('query.kts', text(items, hosts))
    return check({ files: ['query.kts'], host: 'pod-7', ...(lookUp && { lookUp }) })
  }

  test('is said in the words of this node, which may have any name', async () => {
    const { code, out } = await run(query)
    expect(code).toBe(0)
    expect(out).toContain(
      'This node is pod-7, one of those at the addresses of nodes.shop of the system SHOP.',
    )
    expect(out).toContain('Link relay')
  })

  test('that has no address is a warning', async () => {
    const { lookUp } = failing('nodes.shop')
    const { code, out } = await run(query, '', lookUp)
    expect(code).toBe(0)
    expect(out).toMatch(/TidingsHostsQuery: "nodes\.shop" has no address on this machine \(/)
  })

  test('beside hosts is an error, and so is what is no name', async () => {
    const both = await run(query, 'host("pod-7")')
    expect(both.code).toBe(1)
    expect(both.out).toMatch(/query\.kts:\d+:\d+: TidingsHostsQuery finds the hosts.*\(pod-7\)/)
    for (const wrong of ['10.0.0.1', 'a b', 'tcp://x', 'a..b']) {
      const { code, out } = await run(`item("TidingsHostsQuery", "${wrong}")`)
      expect(code).toBe(1)
      expect(out).toContain('expected a name of DNS')
    }
  })
})
