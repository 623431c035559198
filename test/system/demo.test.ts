import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { freePorts } from '../harness/loopback.ts'
import { Mosquitto } from '../harness/mosquitto.ts'
import { retainedAt } from '../harness/retained.ts'
import { available } from '../harness/tools.ts'

const command = join(import.meta.dirname, '..', '..', 'bin', 'tidings.js')

/** Where the demonstration makes its directory: whatever is left there it has left. */
let place = ''
let running: ChildProcess | null = null

endProcessesAfterEach()

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'tidings-demo-test-'))
})

afterEach(() => {
  running?.kill('SIGKILL')
  rmSync(place, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  readonly texts: { out: string; err: string }
}

function start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, [command, 'demo', ...args], {
    env: { ...process.env, ...env, TMPDIR: place },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running = child
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
  return { child, texts }
}

async function ended({ child, texts }: Run): Promise<{ code: number | null; out: string }> {
  const [code] = (await once(child, 'close')) as [number | null]
  expect(texts.err).not.toMatch(/^\s+at /m)
  // No terminal, no colours.
  expect(texts.out + texts.err).not.toContain('\u001B')
  return { code, out: texts.out }
}

interface View {
  readonly name: string
  readonly rows: number
  readonly different: number
  readonly updates: number
  readonly losses: number
  readonly resets: number
}

/** The table that it prints in the end. */
function viewsIn(out: string): View[] {
  const lines = out.split('\n').filter((line) => /^\w+_VIEW on \S+ +\d/.test(line))
  return lines.map((line) => {
    const [name = '', ...cells] = line.split(/ {2,}/)
    const [rows = -1, different = -1, updates = -1, losses = -1, resets = -1] = cells.map((cell) =>
      Number(cell.replaceAll(',', '')),
    )
    return { name, rows, different, updates, losses, resets }
  })
}

function expectEqualViews(out: string): void {
  const views = viewsIn(out)
  expect(views.map(({ name }) => name)).toEqual(names)
  for (const { different, updates, losses, resets } of views) {
    expect(different).toBe(0)
    for (const count of [updates, losses, resets]) expect(count).toBeGreaterThan(0)
  }
  expect(out).toContain('equal: all 3 views are what the database is')
}

const names = ['PRICE_VIEW on 127.0.0.1', 'PRICE_VIEW on localhost', 'SUMMARY_VIEW on localhost']

it('all live tables are what the database is, behind a crash and a program that does not publish', async () => {
  const run = start(['--rows', '1500'])
  const { code, out } = await ended(run)
  expect(run.texts.err).toContain('PRICE_CORRECTIONS on localhost was killed (kill -9)')
  expect(run.texts.err).toMatch(
    /^A script has changed \d+ days and published nothing: PRICE_\w+ on \S+ found it out/m,
  )
  const [, prices, summaries] = /\((1,\d+) prices, (\d+) summaries\), row by row/.exec(out) ?? []
  const [days, months] = [prices, summaries].map((text) => Number(text?.replace(',', '')))
  expect(months).toBe(72)
  expectEqualViews(out)
  expect(viewsIn(out).map(({ rows }) => rows)).toEqual([days! + 72, days! + 72, 72])
  expect(code).toBe(0)
  expect(readdirSync(place)).toEqual([])
})

it('the same over an MQTT broker: an embedded one, which is named, and no GENESIS_CLUSTER', async () => {
  const run = start(['--rows', '300', '--mq', 'mqtt', '--keep'])
  const { code, out } = await ended(run)
  expect(run.texts.err).toMatch(
    /^Two nodes, 127\.0\.0\.1 and localhost, that meet at an MQTT broker: Aedes, embedded, at tcp:\/\/127\.0\.0\.1:\d+;/,
  )
  expectEqualViews(out)
  expect(code).toBe(0)
  const [directory = ''] = readdirSync(place)
  const logs = readdirSync(join(place, directory)).filter((name) => name.endsWith('.log'))
  expect(logs).toContain('PRICE_VIEW-localhost.log')
  // Nobody is there to start.
  expect(logs.filter((name) => name.startsWith('GENESIS_CLUSTER'))).toEqual([])
})

it.runIf(available('demo over Mosquitto', 'mosquitto'))(
  'the same over a broker of others, where nothing is left',
  async () => {
    const { url } = await Mosquitto.start()
    const run = start(['--rows', '300', '--mq', 'mqtt', '--broker', url])
    const { code, out } = await ended(run)
    expect(run.texts.err).toMatch(`that meet at the MQTT broker at ${url}, below tidings-demo/`)
    expectEqualViews(out)
    expect(code).toBe(0)
    expect(readdirSync(place)).toEqual([])
    expect(await retainedAt(url)).toEqual([])
  },
)

it('a broker that does not answer is named, and nothing is started', async () => {
  const [port] = await freePorts('127.0.0.1', 1)
  const broker = `tcp://me:hunter2@127.0.0.1:${port}`
  const run = start(['--mq', 'mqtt', '--broker', broker])
  const { code } = await ended(run)
  expect(run.texts.err).toMatch(
    /^error: the demonstration cannot use the MQTT broker at tcp:\/\/127\.0\.0\.1:\d+ \(.*ECONNREFUSED.*\[CLUSTER_UNREACHABLE\]\n$/,
  )
  expect(code).toBe(3)
  expect(readdirSync(place)).toEqual([])
})

it('a change that nobody could find out is told as a difference, in each live table', async () => {
  const { code, out } = await ended(start(['--rows', '200'], { TIDINGS_DEMO_TAMPER: '1' }))
  const [here, there, summaries] = viewsIn(out).map(({ different }) => different)
  expect(here).toBeGreaterThan(100)
  expect([there, summaries]).toEqual([here, 10])
  for (const name of names) expect(out).toContain(`${name}: and `)
  expect(out).toMatch(
    /^PRICE_VIEW on localhost: DAILY_PRICE 2000-01-03 has CLOSE [\d.]+ in the database and [\d.]+ in the live table$/m,
  )
  expect(out).toContain('different: a view is not what the database is')
  expect(code).toBe(1)
  expect(readdirSync(place)).toEqual([])
})

it('an interrupted demonstration leaves nothing behind', async () => {
  const run = start()
  await new Promise<void>((resolve) =>
    run.child.stderr?.on('data', () => {
      if (/PRICE_VIEW on localhost: live/.test(run.texts.err)) resolve()
    }),
  )
  run.child.kill('SIGINT')
  const { code } = await ended(run)
  expect(run.texts.err).toMatch(/interrupted\n$/)
  expect(code).toBe(130)
  expect(readdirSync(place)).toEqual([])
})
