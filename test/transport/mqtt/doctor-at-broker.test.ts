// `tidings doctor` at a broker: what keeps a cluster from working there is provoked, and then what the doctor says is
// done until it finds nothing.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { describe, expect, it } from 'vitest'
import { brokerTopics } from '../../../src/doctor/finding.ts'
import {
  examineDelay,
  examinePackets,
  examineProtocol,
  examineQos,
} from '../../../src/doctor/broker/broker-trials.ts'
import type { TakenBy } from '../../../src/transport/mqtt/check/broker-check.ts'
import { EmbeddedBroker } from '../../../src/demo/embedded-broker.ts'
import { Application } from '../../harness/application.ts'
import { endProcessesAfterEach } from '../../harness/after-each.ts'
import { eventually } from '../../harness/eventually.ts'
import { freePorts } from '../../harness/loopback.ts'
import { Mosquitto } from '../../harness/mosquitto.ts'
import { type Place, withClockOff } from '../../harness/place.ts'
import { runCommand } from '../../harness/run-command.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { available } from '../../harness/tools.ts'
import { definitionFileFor, definitionFor, openProcess } from './broker-definition.ts'
import {
  allOf,
  checkOf,
  examinedAt,
  reachedAt,
  takenBy,
  toldOf,
  triedAt,
} from './examined-broker.ts'

endProcessesAfterEach()

const noTls = { verify: true, ca: null, certificate: null, key: null }

function aclFile(...lines: string[]): string {
  const file = join(scratchDirectory(), 'acl')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

function passwordFile(user: string, password: string): string {
  const file = join(scratchDirectory(), 'passwords')
  execFileSync('mosquitto_passwd', ['-b', '-c', file, user, password])
  return file
}

/** A certificate of its own authority for 127.0.0.1, as the paths of PEM files. */
function certificateFiles(): { certificate: string; key: string } {
  const folder = scratchDirectory()
  const [certificate, key] = [join(folder, 'broker.pem'), join(folder, 'broker.key')]
  const subject = ['-subj', '/CN=broker', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const asked = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate]
  execFileSync('openssl', ['req', '-x509', ...asked, ...subject], { stdio: 'ignore' })
  return { certificate, key }
}

describe.runIf(available('doctor at Mosquitto', 'mosquitto'))('tidings doctor at a broker', () => {
  it('the command says it all, and ends with 0, with 1 or with 3', async () => {
    const broker = await Mosquitto.start({ lines: ['max_packet_size 10000'] })
    await openProcess('HERE', definitionFor([broker]))
    const file = definitionFileFor([broker])
    const doctor = () => runCommand(['doctor', '--definition', file])
    const bad = await doctor()
    expect(bad.code).toBe(1)
    expect(bad.output).toContain(
      '✗  packets: the broker takes packets of 10,000 bytes at most: what a process with many tables says of itself may be longer\n' +
        '   → let it take larger ones: max_packet_size 1048576 in mosquitto.conf\n',
    )
    expect(bad.log.trim()).toBe('1 problem')
    await broker.restart({ lines: ['max_packet_size 1048576'] })
    const good = await runCommand(['doctor', '--json', '--definition', file])
    expect(good).toMatchObject({ code: 0, log: '' })
    const { examined } = JSON.parse(good.output) as { examined: { topic: string; fine: string }[] }
    expect(examined.map(({ topic }) => topic)).toEqual(brokerTopics)
    expect(examined.find(({ topic }) => topic === 'processes')?.fine).toBe(
      '1 process is there, and answers',
    )
    await broker.end()
    const away = await doctor()
    expect(away.code).toBe(3)
    expect(away.output).toContain(
      'refuses the connection: nobody listens there\n   → start the broker',
    )
  })

  it('nobody listens, nobody answers, or the host has no address', async () => {
    const [dead] = await freePorts('127.0.0.1', 1)
    expect(await reachedAt(`tcp://127.0.0.1:${dead}`)).toMatch(
      /^problem: .* nobody listens there → start the broker, or correct MqttBrokerUrl$/,
    )
    expect(await reachedAt('tcp://no-such-host.invalid')).toContain('has no address here')
    const silent = createServer().listen(dead, '127.0.0.1')
    const found = await examinedAt(`tcp://127.0.0.1:${dead}`)
    expect(toldOf(found, 'broker')).toContain(`→ open TCP ${dead} between this host and the broker`)
    expect(found.get('clocks')?.skipped).toBe('no broker lets us in')
    silent.close()
  })

  it.each([4, 5] as const)(
    'the broker does not know the user, protocol %i',
    async (protocolVersion) => {
      const lines = ['allow_anonymous false', `password_file ${passwordFile('us', 'right')}`]
      const broker = await Mosquitto.start({ lines })
      const told = (username: string | null, password: string | null) =>
        reachedAt(broker.url, { username, password, protocolVersion })
      expect(await told(null, null)).toContain(
        '→ set MqttUsername and MqttPassword to what the broker knows',
      )
      expect(await told('us', 'wrong')).toContain('→ let the broker know the user us, or correct')
      expect(await told('us', 'right')).toBe('')
    },
  )

  it.runIf(available('certificates', 'openssl'))(
    'TLS is only at one end, or nobody knows the authority',
    async () => {
      const { certificate, key } = certificateFiles()
      const broker = await Mosquitto.start()
      const secure = broker.url.replace('tcp:', 'ssl:')
      expect(await reachedAt(secure)).toContain('→ let MqttBrokerUrl begin with tcp://')
      await broker.restart({ lines: [`certfile ${certificate}`, `keyfile ${key}`] })
      expect(await reachedAt(broker.url)).toContain('let MqttBrokerUrl begin with ssl://')
      expect(await reachedAt(secure)).toMatch(
        /does not prove who it is: .* → name the authority that it comes from in TidingsMqttCaFile/,
      )
      const tls = { ...noTls, ca: readFileSync(certificate, 'utf8') }
      expect(await reachedAt(secure, { tls })).toBe('')
    },
  )

  it('the quality of service is more than the broker grants', async () => {
    const broker = await Mosquitto.start({ lines: ['max_qos 1'] })
    const told = (qos: 1 | 2) => triedAt(broker.url, (...given) => examineQos(...given, { qos }))
    expect(await told(2)).toBe(
      'note: the broker grants quality of service 1 at most, and MqttQos is 2: updates go with 1 → ' +
        'set MqttQos to 1, or let the broker grant 2: max_qos 2 in mosquitto.conf',
    )
    expect(await told(1)).toBe('')
    await broker.restart({ lines: ['max_qos 2'] })
    expect(await told(2)).toBe('')
  })

  it('packets are small: messages travel in pieces, or the broker of 3.1.1 does not say and ends the connection', async () => {
    const broker = await Mosquitto.start({ lines: ['max_packet_size 20000'] })
    const told = (protocolVersion: 4 | 5) =>
      triedAt(broker.url, examinePackets, { protocolVersion })
    expect(await told(5)).toMatch(
      /^note: .* 20,000 bytes at most: what is larger travels in pieces → /,
    )
    expect(await told(4)).toMatch(
      /^problem: the broker does not carry a packet of 262,144 bytes, .* max_packet_size 1048576/,
    )
    await broker.restart({ lines: ['max_packet_size 1048576'] })
    expect([await told(4), await told(5)]).toEqual(['', ''])
  })

  it('retained messages are not kept', async () => {
    const broker = await Mosquitto.start({ lines: ['retain_available false'] })
    const found = await examinedAt(broker.url)
    expect(toldOf(found, 'retained')).toMatch(
      /^problem: the broker keeps no retained messages: .* → let it keep them: retain_available true/,
    )
    expect(found.get('wills')?.skipped).toContain('comes first')
    await broker.restart({ lines: ['retain_available true'] })
    expect(allOf(await examinedAt(broker.url))).toEqual([])
  })

  it.each([4, 5] as const)(
    'access rules: each topic that may not be read or published on is named, protocol %i',
    async (protocolVersion) => {
      const acl = aclFile(
        'topic readwrite genesis/database/#',
        'topic deny genesis/database/~/reply/#',
      )
      const all = `acl_file ${aclFile('topic readwrite genesis/database/#')}`
      const broker = await Mosquitto.start({ lines: [`acl_file ${acl}`] })
      const denied = toldOf(await examinedAt(broker.url, { protocolVersion }), 'access')
      expect(denied).toContain('genesis/database/~/reply/+')
      expect(denied).not.toContain('genesis/database/~/status')
      expect(denied).toContain('in the acl_file of Mosquitto `topic readwrite genesis/database/#`')
      await broker.restart({ lines: [all] })
      expect(toldOf(await examinedAt(broker.url, { protocolVersion }), 'access')).toBe('')
    },
  )

  it('access rules: what may only be read, and only be published on, are told apart, with the tables in use', async () => {
    const lines = [
      'topic readwrite genesis/database/~/#',
      'topic read genesis/database/TRADE',
      'topic write genesis/database/POSITION',
    ]
    const broker = await Mosquitto.start()
    const process = await openProcess('PUBLISHER', definitionFor([broker]))
    await process.publish(10)
    await broker.restart({
      lines: [`acl_file ${aclFile('topic readwrite genesis/database/~', ...lines)}`],
    })
    const found = await examinedAt(broker.url)
    const told = toldOf(found, 'access').split('\n')
    expect(told).toHaveLength(2)
    expect(told[0]).toContain('may not publish on genesis/database/TRADE →')
    expect(told[1]).toContain('may not read genesis/database/POSITION →')
    expect(found.get('delay')?.skipped).toBe('what is said of access comes first')
  })

  it('the broker waits before it sends', async () => {
    const broker = await Mosquitto.start({ lines: ['set_tcp_nodelay false'] })
    expect(await triedAt(broker.url, examineDelay)).toMatch(
      /^problem: a message that is acknowledged takes \d+\.\d ms .* → let it send at once: set_tcp_nodelay true in mosquitto.conf/,
    )
    await broker.restart({ lines: ['set_tcp_nodelay true'] })
    expect(await triedAt(broker.url, examineDelay)).toBe('')
  })

  it('a broker that speaks 3.1.1 only', async () => {
    const old = await EmbeddedBroker.start('a test')
    const protocol = async (_: unknown, at: TakenBy) => examineProtocol(at)
    expect(await triedAt(old.url, protocol)).toMatch(
      /^note: the broker speaks MQTT 3.1.1, and not 5: .* → take a broker of MQTT 5/,
    )
    await old.close()
    expect(await triedAt((await Mosquitto.start()).url, protocol)).toBe('')
  })

  it('a broker that keeps what it may not bring by wildcards, and one that tells no wills', async () => {
    const aedes = await Aedes.createBroker({
      authorizeSubscribe: (_client, filter, done) =>
        done(null, filter.topic.includes('+') ? null : filter),
      authorizePublish: (client, { topic }, done) =>
        done(client === null || topic.includes('/gone/') ? new Error('no') : null),
    })
    const server = createServer({ noDelay: true }, aedes.handle)
    const [port = 0] = await freePorts('127.0.0.1', 1)
    server.listen(port, '127.0.0.1')
    const check = checkOf()
    const at = await takenBy(check, `tcp://127.0.0.1:${port}`)
    expect(await check.retained(at)).toBe('by topic')
    expect(await check.tellsWills(at)).toBe(false)
    server.close()
    await new Promise<void>((resolve) => aedes.close(() => resolve()))
  })

  it('a process that nobody can speak for does not answer', async () => {
    const broker = await Mosquitto.start()
    const process = await openProcess('DEAD', definitionFor([broker]))
    await process.child.end('SIGKILL')
    expect(toldOf(await examinedAt(broker.url), 'processes')).toContain(
      `note: the process DEAD (pid ${process.child.process.pid}) on ${hostname()} does not answer, or its connection has ended without a word →`,
    )
    // Another one of its host sees that it has ended.
    await openProcess('OTHER', definitionFor([broker]))
    await eventually('nothing to be said of it', async () =>
      (await examinedAt(broker.url)).get('processes')?.fine?.startsWith('1 process is there'),
    )
  })

  it.runIf(available('clocks that differ', 'faketime'))(
    'the wall clock of another host is wrong',
    async () => {
      const broker = await Mosquitto.start()
      const systems = [{ name: 'DEV', hosts: [{ name: 'localhost' }, { name: '127.0.0.9' }] }]
      const definition = { ...definitionFor([broker]), systems }
      const open = async (place?: Place) => {
        const application = new Application('THERE', place)
        await application.open({ process: 'THERE', host: '127.0.0.9', definition })
        return application
      }
      const clocks = async () => (await examinedAt(broker.url)).get('clocks')
      const wrong = await open(withClockOff('+5'))
      await eventually('the wrong clock to be told', async () =>
        /^the wall clock of 127\.0\.0\.9 is [45]\.\d s ahead of that of this node /.test(
          (await clocks())?.findings[0]?.what ?? '',
        ),
      )
      await wrong.close()
      await open()
      await eventually('the right clock to be told', async () =>
        (await clocks())?.fine?.includes('differ from that of this one by less than'),
      )
    },
  )

  it('nobody is disturbed by it: subscribers are told of nothing, and the broker keeps nothing', async () => {
    const broker = await Mosquitto.start()
    const subscriber = await openProcess('SUBSCRIBER', definitionFor([broker]))
    await subscriber.subscribe('*')
    await examinedAt(broker.url)
    const { events, losses, received } = await subscriber.report()
    expect({ losses, received }).toEqual({ losses: [], received: 0 })
    expect(events.filter(({ type }) => type === 'refused')).toEqual([])
    await subscriber.close()
    expect(toldOf(await examinedAt(broker.url), 'processes')).toBe('')
  })
})
