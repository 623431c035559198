// The command line as its users meet it: real processes, their output and their exit codes.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from './harness/after-each.ts'
import { Child } from './harness/child.ts'
import { runCommand } from './harness/run-command.ts'
import { command, TestCluster } from './harness/test-cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidings-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))
endProcessesAfterEach()

/** Runs the command with these words alone, in a folder without any definition. */
const run = (words: readonly string[], env: Record<string, string> = {}) =>
  runCommand(words, { env: { TIDINGS_STATE: join(folder, 'state'), ...env }, cwd: folder })

describe('words', () => {
  const commands = [
    'cluster',
    'publish',
    'tail',
    'check',
    'mon',
    'gateway',
    'postgres',
    'keygen',
    'demo',
    'completion',
  ]

  it.each(commands)('%s --help says how it is used, on stdout, and ends with 0', async (name) => {
    const { code, output, log } = await run([name, '--help'])
    expect({ code, log }).toEqual({ code: 0, log: '' })
    expect(output).toMatch(new RegExp(`^Usage: tidings ${name} `))
    expect(output).toContain('Exit codes: 0 done · 1')
  })

  it('--version is that of the package', async () => {
    const manifest = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')
    const { version } = JSON.parse(manifest) as { version: string }
    expect(await run(['--version'])).toMatchObject({ code: 0, output: `${version}\n`, log: '' })
  })

  it('what was compiled is kept for the next command, in a folder of the user', async () => {
    const caches = join(folder, 'caches')
    const env = { NODE_COMPILE_CACHE: '', XDG_CACHE_HOME: caches }
    expect(await run(['--version'], env)).toMatchObject({ code: 0, log: '' })
    const kept = readdirSync(join(caches, 'tidings'), { recursive: true })
    expect(kept.length).toBeGreaterThan(1)
    // The folder is one file: nothing can be kept there, and nobody is bothered with it.
    writeFileSync(join(folder, 'no-folder'), '')
    const unkept = await run(['--version'], { ...env, XDG_CACHE_HOME: join(folder, 'no-folder') })
    expect(unkept).toMatchObject({ code: 0, log: '' })
  })

  it('keeps nothing of its own where Node was told another folder', async () => {
    const caches = join(folder, 'unused-caches')
    const NODE_COMPILE_CACHE = join(folder, 'cache-of-node')
    await run(['--version'], { XDG_CACHE_HOME: caches, NODE_COMPILE_CACHE })
    expect([existsSync(NODE_COMPILE_CACHE), existsSync(caches)]).toEqual([true, false])
  })

  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['tail', '--nonsense'], "unknown option '--nonsense'"],
    [['tail', '--count', '0'], '--count must be a whole number above 0'],
    [['tail', '--count', '1.5'], '--count must be a whole number above 0'],
    [['tail', '--for', 'ever'], '--for must be a number above 0'],
    [['publish'], 'publish needs a TABLE'],
    [['publish', '{"a":1}'], 'the table comes first'],
    [['mon', '--status', 'foo'], '--status must be one of STARTING, HEALTHY'],
    [['publish', 'TRADE', '{"a":1}', '--kind', 'upsert'], 'Allowed choices are insert, modify'],
    [['publish', 'TRADE', '{"a":'], 'RECORD: not JSON'],
    [['publish', 'TRADE', '[]'], 'RECORD: a record must be a JSON object'],
    [
      ['publish', 'T', '{"record":{},"kind":"upsert"}', '--updates'],
      "`kind` must be 'insert', 'modify'",
    ],
    [['gateway', '--port', '0'], '--port must be a whole number from 1 to 65535'],
    [['gateway', '--address', 'localhost'], '--address must be an address of this host'],
    [['gateway', '--address', '0.0.0.0'], 'others can reach it: give --token-file'],
    [['gateway', '--token-file', 'missing'], 'missing is not taken: there is no such file'],
    [['gateway', '--tls-cert', 'missing'], 'TLS needs both --tls-cert and --tls-key'],
    [['gateway', '--allow-origin', 'app.example.org'], '--allow-origin must be an origin such as'],
    [['tail', '--definition', 'missing.kts'], 'missing.kts: cannot be read: there is no such file'],
    [['mon', '--definition', 'missing.kts'], 'missing.kts: cannot be read'],
    [['cluster', '--definition', 'missing.kts'], 'missing.kts: cannot be read'],
  ])('%j is told on stderr and ends with 2', async (words, told) => {
    const { code, output, log } = await run(words)
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(log).toContain(told)
    expect(log).not.toMatch(/^ {4}at /m)
    expect(log, 'colours').not.toContain(String.fromCharCode(27))
  })

  it('without any, it prints its help and ends with 2', async () => {
    const { code, output, log } = await run([])
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(log).toContain('Usage: tidings')
  })
})

describe('exit codes', () => {
  it('check: 0 without a mistake, 1 with one, and it names the place', async () => {
    expect(await run(['check'])).toMatchObject({ code: 0, log: 'no errors, no warnings\n' })
    const file = join(folder, 'wrong.kts')
    writeFileSync(file, 'systemDefinition {\n  global { item("ClusterPort", 0) }\n}\n')
    const wrong = await run(['check', file])
    expect(wrong).toMatchObject({ code: 1 })
    expect(wrong.output).toContain(`${file}:2:`)
  })

  it('check: 0 with a host whose name does not resolve, which it warns of at its place', async () => {
    const file = join(folder, 'names.kts')
    const hosts = ['127.0.0.2', '127.0.0.3', 'app-hots2.invalid']
    writeFileSync(
      file,
      `systemDefinition {
        global { item("ZeroMQProxyInboundPort", 5001); item("ZeroMQProxyOutboundPort", 5000) }
        systems { system("DEV") { hosts {
${hosts.map((host) => `host("${host}")`).join('\n')}
        } } }
      }`,
    )
    const told = 'the host "app-hots2.invalid" does not resolve on this machine ('
    const plain = await run(['check', file, '--host', '127.0.0.2'])
    expect(plain).toMatchObject({ code: 0, log: 'no errors, 1 warning\n' })
    expect(plain.output).toContain(`  ${file}:6:1: ${told}`)
    expect(plain.output).toContain('    | host("app-hots2.invalid")\n    | ^\n')
    const json = await run(['check', '--json', file, '--host', '127.0.0.2'])
    const { warnings } = JSON.parse(json.output) as { warnings: { message: string }[] }
    expect(warnings).toMatchObject([{ file, line: 6, column: 1 }])
    expect(warnings[0]?.message).toContain(told)
  })

  it('4 where a port is taken, which it names', async () => {
    const cluster = await TestCluster.reserve('mesh')
    const holder = net.createServer()
    await new Promise<void>((held) =>
      holder.listen(cluster.ports.inbound, cluster.node().host, () => held()),
    )
    const child = cluster.node().launch()
    expect(await child.ended).toEqual({ code: 4, signal: null })
    expect(child.log).toContain(`${cluster.ports.inbound}`)
    expect(child.log).toContain('ZeroMQProxyInboundPort')
    expect(child.log).toContain('[PORT_TAKEN]')
    await new Promise((closed) => holder.close(closed))
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('cluster: %s ends it with 0', async (signal) => {
    const cluster = await TestCluster.start('mesh')
    expect(await cluster.node().end(signal)).toEqual({ code: 0, signal: null })
  })
})

it.each(['', '64'])(
  'cluster ends with a parent that forked it, UV_THREADPOOL_SIZE "%s"',
  async (threads) => {
    const cluster = await TestCluster.reserve('mesh')
    const words = ['cluster', '--definition', cluster.definition, '--host', cluster.node().host]
    const fork = `require('child_process').fork(${JSON.stringify(command)}, ${JSON.stringify(words)}, { execArgv: [] })`
    const parent = new Child({
      name: 'parent',
      arguments: ['--eval', fork],
      env: { TIDINGS_STATE: join(folder, 'state'), UV_THREADPOOL_SIZE: threads },
      ipc: false,
    })
    await parent.says(/^ready/m)
    // Resolves when nobody holds its output any more, GENESIS_CLUSTER included.
    expect(await parent.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' })
    expect(parent.log).toContain('stopped')
  },
)

it('check shows no secret', async () => {
  const file = join(folder, 'secrets.kts')
  writeFileSync(
    file,
    `systemDefinition { global {
      item("ZeroMQProxyInboundPort", 5001)
      item("ZeroMQProxyOutboundPort", 5000)
      item("MqttPassword", "hunter2")
      item("DbHost", "jdbc:postgresql://db/app?user=me&password=hunter2")
      item("EMAIL_SMTP_PW", env["SMTPPASSWORD", "hunter2"])
    } }\n`,
  )
  const env = { SMTPPASSWORD: 'hunter2' }
  const plain = await run(['check', file], env)
  const json = await run(['check', file, '--json'], env)
  expect([plain.code, json.code]).toEqual([0, 0])
  for (const text of [plain.output, plain.log, json.output, json.log])
    expect(text).not.toContain('hunter2')
  const { items } = JSON.parse(json.output) as { items: { name: string; value: string }[] }
  expect(items.find(({ name }) => name === 'MqttPassword')?.value).toBe('***')
})
