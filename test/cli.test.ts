// The command line as its users meet it: real processes, their output and their exit codes.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openUpdateQueue } from '../src/queue/open-update-queue.ts'
import { endProcessesAfterEach } from './harness/after-each.ts'
import { Child } from './harness/child.ts'
import { eventually } from './harness/eventually.ts'
import { command, type CommandResult, TestCluster } from './harness/test-cluster.ts'

const folder = mkdtempSync(join(tmpdir(), 'tidings-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))
endProcessesAfterEach()

/** Runs the command with these words alone, in an empty folder and without any definition. */
async function run(
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<CommandResult> {
  const child = new Child({
    name: `tidings ${words[0] ?? ''}`,
    arguments: [command, ...words],
    env: { TIDINGS_STATE: join(folder, 'state'), ...env },
    cwd: folder,
    ipc: false,
    keepsOutput: true,
  })
  child.process.stdin?.end()
  const ending = await child.ended
  return { ...ending, output: child.output, log: child.log }
}

const lines = (output: string): Record<string, unknown>[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const records = (output: string): unknown[] => lines(output).map(({ record }) => record)

/** A `tail` that has said that it is ready. */
async function readyTail(cluster: TestCluster, ...words: string[]): Promise<Child> {
  const child = cluster.command(['tail', ...words])
  await child.says(/^ready$/m)
  return child
}

describe('words', () => {
  const commands = ['cluster', 'publish', 'tail', 'check', 'mon', 'postgres', 'keygen', 'demo']

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
    [['tail', '--definition', 'missing.kts'], 'missing.kts: cannot be read: there is no such file'],
    [['mon', '--definition', 'missing.kts'], 'missing.kts: cannot be read'],
    [['cluster', '--definition', 'missing.kts'], 'missing.kts: cannot be read'],
  ])('%j is told on stderr and ends with 2', async (words, told) => {
    const { code, output, log } = await run(words)
    expect({ code, output }).toEqual({ code: 2, output: '' })
    expect(log).toContain(told)
    expect(log).not.toMatch(/^ {4}at /m)
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

describe('tail', () => {
  it('hints at the name of a table that no process of the cluster has published', async () => {
    const cluster = await TestCluster.start('mesh')
    const publisher = await cluster.open('PUBLISHER')
    await publisher.publish(1)
    const table = 'TRADE'
    await eventually('the roster has it', async () => {
      const { nodes } = await cluster.snapshot()
      return nodes.some(({ processes }) => processes.some(({ tables }) => tables.length > 0))
    })
    const tail = await readyTail(cluster, 'TRAED')
    const said = `^no process of the cluster has published TRAED so far; did you mean "${table}"\\?$`
    await tail.says(new RegExp(said, 'm'))
  })

  it('--count ends with 0 after so many updates and prints no more', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE', '--count', '2')
    expect(await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":2}\n{"n":3}\n')).toMatchObject({
      code: 0,
    })
    expect(await tail.ended).toEqual({ code: 0, signal: null })
    expect(records(tail.output)).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('--for ends with 0, and with 1 where --count was not reached', async () => {
    const cluster = await TestCluster.start('mesh')
    expect(await cluster.run(['tail', '--for', '0.5'])).toMatchObject({ code: 0, output: '' })
    expect(await cluster.run(['tail', '--for', '0.5', '--count', '1'])).toMatchObject({ code: 1 })
  })

  it('ends with 0 at SIGINT, and when its reader goes away', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster)
    expect(await tail.end('SIGINT')).toEqual({ code: 0, signal: null })
    const unread = await readyTail(cluster)
    unread.process.stdout?.destroy()
    await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":2}\n')
    await cluster.run(['publish', 'TRADE'], '{"n":3}\n')
    expect(await unread.ended).toEqual({ code: 0, signal: null })
  })

  it('prints bigints, bytes and times so that nothing of them is lost', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE', '--count', '1')
    const queue = await openUpdateQueue({
      script: 'values',
      definition: cluster.definition,
      host: cluster.node().host,
    })
    const record = {
      small: 9_007_199_254_740_991n,
      large: 9_007_199_254_740_993n,
      bytes: new Uint8Array([0, 255, 16]),
      at: new Date('2026-01-31T12:00:00.123Z'),
      none: null,
    }
    queue.publish({ table: 'TRADE', kind: 'modify', record, before: { small: 1n }, version: 7n })
    await queue.close()
    await tail.ended
    const [update] = lines(tail.output)
    expect(update).toMatchObject({
      table: 'TRADE',
      kind: 'modify',
      record: {
        small: 9_007_199_254_740_991,
        large: '9007199254740993',
        bytes: 'AP8Q',
        at: '2026-01-31T12:00:00.123Z',
        none: null,
      },
      before: { small: 1 },
      version: 7,
      publisher: { node: cluster.node().host, process: 'values' },
      sequence: 1,
      commit: 1,
    })
    const publishedAt = String(update?.['publishedAt'])
    expect(new Date(publishedAt).toISOString()).toBe(publishedAt)
  })

  it('says nothing but data on stdout, and uses no colours', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '1')
    await cluster.run(['publish', 'TRADE', '{"n":1}'])
    await tail.ended
    expect(tail.output.split('\n').length).toBe(2)
    const mon = await cluster.run(['mon'])
    const unknown = await run(['nonsense'])
    const failed = await run(['publish', 'TRADE', '{'])
    const escape = String.fromCharCode(27)
    const all = [
      tail.output,
      tail.log,
      mon.output,
      unknown.log,
      failed.log,
      cluster.node().child.log,
    ]
    expect(all.filter((text) => text.includes(escape))).toEqual([])
    expect(mon.output).toContain('GENESIS_CLUSTER')
  })
})

describe('publish', () => {
  it('--updates takes the updates as its only word, too', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '1')
    const update = '{"table":"TRADE","kind":"delete","record":{"n":1}}'
    expect(await cluster.run(['publish', '--updates', update])).toMatchObject({ code: 0 })
    await tail.ended
    expect(lines(tail.output)).toMatchObject([{ table: 'TRADE', kind: 'delete', record: { n: 1 } }])
  })

  it('says that it looks for GENESIS_CLUSTER when it does not find it at once', async () => {
    const cluster = await TestCluster.reserve('mesh')
    const publishing = cluster.command(['publish', 'TRADE', '{"n":1}'])
    await publishing.says(/^looking for GENESIS_CLUSTER$/m)
    await cluster.node().start()
    expect(await publishing.ended).toEqual({ code: 0, signal: null })
    expect(publishing.log).toMatch(/^1 update, confirmed by 0 subscribers$/m)
  })

  it('names a bad line and sends nothing after it', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, 'TRADE')
    const bad = await cluster.run(['publish', 'TRADE'], '{"n":1}\n{"n":\n{"n":3}\n')
    expect(bad.code).toBe(2)
    expect(bad.log).toContain('stdin:2: not JSON')
    await cluster.run(['publish', 'TRADE', '{"n":4}'])
    await eventually('the last record', () => tail.output.includes('"n":4'))
    await tail.end('SIGINT')
    expect(records(tail.output)).toEqual([{ n: 1 }, { n: 4 }])
  })

  it('--updates: a line may be a reset, which tail prints as a loss', async () => {
    const cluster = await TestCluster.start('mesh')
    const tail = await readyTail(cluster, '--count', '2')
    const input = [
      [{ record: { n: 1 } }, { kind: 'reset', reason: 'why', keys: [{ n: 2 }] }],
      { kind: 'reset', table: 'POSITION', reason: 'by hand' },
      { record: { n: 3 } },
    ]
    const text = input.map((line) => `${JSON.stringify(line)}\n`).join('')
    const published = await cluster.run(['publish', 'TRADE', '--updates'], text)
    expect(published.log).toMatch(/^4 updates, confirmed by 1 subscriber$/m)
    await tail.ended
    expect(lines(tail.output)).toMatchObject([
      { record: { n: 1 } },
      { loss: { table: 'TRADE', from: 2, to: 2, reason: 'reset', text: 'why', keys: [{ n: 2 }] } },
      { loss: { table: 'POSITION', from: 1, to: 1, reason: 'reset', text: 'by hand' } },
      { record: { n: 3 } },
    ])
    const wrong = await cluster.run(['publish', 'TRADE', '--updates', '{"kind":"reset"}'])
    expect(wrong.code).toBe(2)
    expect(wrong.log).toContain('RECORD: updates[0] of TRADE: a reset needs a reason')
  })

  it('--updates: a line is an update, or a commit of several', async () => {
    const cluster = await TestCluster.start('proxy')
    const tail = await readyTail(cluster, '--count', '4')
    const input = [
      { kind: 'modify', record: { n: 2 }, before: { n: 1 }, version: '9007199254740993' },
      [
        { table: 'TRADE', kind: 'insert', record: { n: 3 } },
        { table: 'POSITION', kind: 'delete', record: { n: 4 } },
      ],
      { record: { n: 5 } },
    ]
    const text = input.map((line) => `${JSON.stringify(line)}\n`).join('')
    const published = await cluster.run(['publish', 'TRADE', '--updates'], text)
    expect(published.code).toBe(0)
    expect(published.log).toMatch(/^4 updates, confirmed by 1 subscriber$/m)
    await tail.ended
    const told = lines(tail.output).map(({ table, kind, record, before, version, commit }) => ({
      table,
      kind,
      record,
      before,
      version,
      commit,
    }))
    expect(told).toEqual([
      {
        table: 'TRADE',
        kind: 'modify',
        record: { n: 2 },
        before: { n: 1 },
        version: '9007199254740993',
        commit: 1,
      },
      { table: 'TRADE', kind: 'insert', record: { n: 3 }, commit: 2 },
      { table: 'POSITION', kind: 'delete', record: { n: 4 }, commit: 2 },
      { table: 'TRADE', kind: 'insert', record: { n: 5 }, commit: 3 },
    ])
  })
})

it('mon --json shows nodes and processes; --status filters', async () => {
  const cluster = await TestCluster.start('mesh')
  const snapshot = await cluster.snapshot()
  expect(snapshot).toMatchObject({
    system: 'TEST',
    node: cluster.node().host,
    mode: 'mesh',
    link: 'none',
    nodes: [
      {
        name: cluster.node().host,
        state: 'alive',
        processes: [{ name: 'GENESIS_CLUSTER' }, { name: 'GENESIS_CLUSTER/foreign' }],
      },
    ],
  })
  const { output } = await cluster.run(['mon', '--json', '--status', 'down'])
  expect(JSON.parse(output)).toMatchObject({ nodes: [{ processes: [] }] })
})

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
