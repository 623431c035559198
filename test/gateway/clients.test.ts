// `tidings gateway` of a real cluster, as programs without the library meet it: curl, and Python with its standard library alone.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { ClusterSnapshot } from '../../src/model/cluster-snapshot.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { BreakableWay } from '../harness/breakable-way.ts'
import { Child, repository } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { blocks } from '../harness/pages.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { secondCopy } from '../harness/second-copy.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available, python } from '../harness/tools.ts'

endProcessesAfterEach()

const hasCurl = available('the gateway, asked by curl', 'curl')
const hasPython = available('the gateway, read by Python', 'python')
const hasOpenssl = available('the gateway with certificates', 'curl', 'openssl')

/** A node with a gateway that says that it is ready. */
async function start(words: readonly string[] = []) {
  const cluster = await TestCluster.start('mesh')
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const startGateway = async (): Promise<Child> => {
    const child = cluster.command(['gateway', '--port', String(port), ...words])
    await child.says(/^ready: .* answers at https?:\/\/127\.0\.0\.1:\d+$/m)
    return child
  }
  return {
    cluster,
    port,
    gateway: await startGateway(),
    startGateway,
    url: `http://127.0.0.1:${port}`,
  }
}

function curl(...words: string[]): Child {
  return new Child({
    name: `curl ${words.join(' ')}`,
    program: 'curl',
    arguments: ['-sS', ...words],
    ipc: false,
    keepsOutput: true,
  })
}

/** What curl has printed at its end. */
async function curled(
  ...words: string[]
): Promise<{ code: number | null; output: string; log: string }> {
  const child = curl(...words)
  const { code } = await child.ended
  return { code, output: child.output, log: child.log }
}

const insert = (id: string): string => JSON.stringify({ kind: 'insert', record: { TRADE_ID: id } })

it.runIf(hasCurl)(
  'curl publishes, reads, and is told when the gateway ends in good order',
  async () => {
    const { url, gateway } = await start()
    const stream = curl('-N', `${url}/updates?tables=TRADE`)
    await stream.prints(/^event: ready$/)
    const posted = await curled(
      `${url}/updates/TRADE?confirm`,
      '--json',
      insert('T1'),
      '-w',
      '%{http_code}',
    )
    expect(posted.output).toMatch(/^\{.*"commits":1.*"confirmed":0,"missing":\[\]\}\n200$/)
    await stream.prints(/^data: .*"record":\{"TRADE_ID":"T1"\}/)
    expect(await gateway.end('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(await stream.ended).toEqual({ code: 0, signal: null })
    expect(stream.output).toMatch(/event: closed\nid: \S+\ndata: \{"reason":"ending"\}\n\n$/)
  },
)

it('GET /cluster answers what `tidings mon --json` says', async () => {
  const { cluster, url } = await start()
  const answer = await fetch(`${url}/cluster`)
  const names = ({ nodes }: ClusterSnapshot) =>
    nodes.map(({ name, processes }) => [name, processes.map((process) => process.name)])
  const told = (await answer.json()) as ClusterSnapshot
  expect(names(told)).toEqual(names(await cluster.snapshot()))
  expect(names(told).join()).toContain('GATEWAY')
})

it.runIf(hasPython)(
  'the Python of docs/GATEWAY.md gets each update once over a broken connection, and is told where it may not',
  async () => {
    const { cluster, port, gateway, startGateway } = await start()
    const file = join(scratchDirectory(), 'updates.py')
    writeFileSync(file, blocks('docs/GATEWAY.md', 'python').join(''))
    const way = await BreakableWay.to(`tcp://127.0.0.1:${port}`)
    onTestFinished(() => way.close())
    const reader = new Child({
      name: 'updates.py',
      program: python() ?? '',
      arguments: [file, `http://${new URL(way.endpoint).host}/updates?tables=TRADE`],
      ipc: false,
      keepsOutput: true,
    })
    await reader.prints(/^ready /)
    const publish = async (from: number, to: number): Promise<void> => {
      const ids = Array.from({ length: to - from + 1 }, (_, index) => from + index)
      const lines = ids.map((id) => JSON.stringify({ TRADE_ID: `T${id}` })).join('\n')
      expect(await cluster.run(['publish', 'TRADE'], lines)).toMatchObject({ code: 0 })
    }
    const readTo = (id: number) => reader.prints(new RegExp(`TRADE_ID': 'T${id}'`))
    await publish(1, 100)
    await readTo(100)
    way.break()
    await publish(101, 200)
    await readTo(200)
    const ids = reader.lines.flatMap((line) => /'T(\d+)'/.exec(line)?.[1] ?? [])
    expect(ids).toEqual(Array.from({ length: 200 }, (_, index) => String(index + 1)))
    expect(reader.output).not.toContain('loss')
    await gateway.end('SIGKILL')
    await publish(201, 210)
    await startGateway()
    await reader.prints(/^loss .*'reason': 'not-kept'/)
    await eventually(
      'it is ready again',
      () => reader.lines.filter((line) => line.startsWith('ready')).length > 1,
    )
    await publish(211, 211)
    await readTo(211)
  },
)

it.runIf(hasOpenssl)('with TLS and certificates only who has one is let in', async () => {
  const folder = scratchDirectory()
  const openssl = (...words: string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' })
  const request = (name: string, more: string[]) =>
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      ...more,
    )
  request('authority', [])
  for (const name of ['server', 'client'])
    request(name, [
      '-CA',
      'authority.pem',
      '-CAkey',
      'authority.key',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ])
  request('stranger', [])
  const file = (name: string): string => join(folder, name)
  const { port } = await start([
    '--tls-cert',
    file('server.pem'),
    '--tls-key',
    file('server.key'),
    '--client-ca',
    file('authority.pem'),
  ])
  const ask = (name: string | null) =>
    curled(
      `https://127.0.0.1:${port}/readyz`,
      '--cacert',
      file('authority.pem'),
      ...(name === null ? [] : ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)]),
    )
  expect(await ask('client')).toMatchObject({
    code: 0,
    output: expect.stringContaining('"ready"') as string,
  })
  for (const name of [null, 'stranger']) {
    const refused = await ask(name)
    expect(refused.code, refused.log).not.toBe(0)
    expect(refused.output).toBe('')
  }
  const plain = await curled(`http://127.0.0.1:${port}/readyz`)
  expect(plain.output).not.toContain('ready')
})

it('a port that is taken ends it with 4, and a second name of its node with 2', async () => {
  const { cluster, port } = await start()
  const [other = 0] = await freePorts('127.0.0.1', 1)
  const taken = await cluster.run(['gateway', '--port', String(port), '--address', '127.0.0.2'])
  expect(taken).toMatchObject({ code: 2, log: expect.stringContaining('[NAME_TAKEN]') as string })
  const holder = new Child({
    name: 'holder',
    arguments: [
      '--eval',
      `require('net').createServer().listen(${other}, '127.0.0.1', () => console.error('held'))`,
    ],
    ipc: false,
  })
  await holder.says(/held/)
  const held = await cluster.run(['gateway', '--port', String(other)])
  expect(held).toMatchObject({
    code: 4,
    log: expect.stringContaining(`port ${other} (the gateway)`) as string,
  })
})

it('who imports the library does not load Fastify, and without it the gateway says what to install', async () => {
  const run = async (code: string): Promise<string> => {
    const child = new Child({
      name: 'import',
      arguments: ['--input-type=module', '--eval', code],
      ipc: false,
      keepsOutput: true,
    })
    expect((await child.ended).code, child.log).toBe(0)
    return child.output
  }
  const loaded = `const { default: Module } = await import('node:module')
    console.log(Object.keys(Module._cache).filter((path) => path.includes('node_modules/fastify/')).length)`
  const index = JSON.stringify(join(repository, 'src', 'index.ts'))
  expect(await run(`await import(${index}); ${loaded}`)).toBe('0\n')
  const loader = (folder: string): string =>
    JSON.stringify(join(folder, 'gateway', 'load-fastify.ts'))
  const load = (folder: string): string => `await (await import(${loader(folder)})).loadFastify()`
  expect(Number(await run(`${load(join(repository, 'src'))}; ${loaded}`))).toBeGreaterThan(0)
  const missing = await run(
    `try { ${load(dirname(secondCopy(['fastify'])))} } catch (error) { console.log(error.message) }`,
  )
  expect(missing).toMatch(/npm install fastify@5` \[PACKAGE_MISSING\]\n$/)
})
