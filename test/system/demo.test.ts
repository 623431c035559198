import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const command = join(import.meta.dirname, '..', '..', 'bin', 'tidings.js')

/** Where the demonstration makes its directory: whatever is left there it has left. */
let place = ''
let running: ChildProcess | null = null

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
  return { code, out: texts.out }
}

/** Rows, differences, rows read and updates of each data server, as the table says. */
function copies(out: string): number[][] {
  const lines = out.split('\n').filter((line) => /^PRICE_DATA_SERVER on \S+ +\d/.test(line))
  return lines.map((line) =>
    line
      .split(/ {2,}/)
      .slice(1, 5)
      .map((cell) => Number(cell.replaceAll(',', ''))),
  )
}

it('both copies are what the database is', async () => {
  const { code, out } = await ended(start(['--rows', '1500']))
  expect(out).toContain('(1,492 prices, 72 summaries), row by row')
  const [here, there] = copies(out)
  for (const [rows, different, read, updates] of [here ?? [], there ?? []]) {
    expect(rows).toBe(1_564)
    expect(different).toBe(0)
    expect(read).toBeGreaterThan(0)
    // The corrections alone are 80 updates, and nobody had read them.
    expect(updates).toBeGreaterThanOrEqual(80)
  }
  expect(out).toContain('equal: both copies are what the database is')
  expect(code).toBe(0)
  expect(readdirSync(place)).toEqual([])
})

it('a copy that lacks a row is found out', async () => {
  const { code, out } = await ended(start(['--rows', '200'], { TIDINGS_DEMO_TAMPER: '1' }))
  expect(copies(out).map(([, different]) => different)).toEqual([0, 1])
  expect(out).toContain('on localhost: DAILY_PRICE 2000-01-03 is missing in the copy')
  expect(out).toContain('different: a copy is not what the database is')
  expect(code).toBe(1)
  expect(readdirSync(place)).toEqual([])
})

it('an interrupted demonstration leaves nothing behind', async () => {
  const run = start()
  await new Promise<void>((resolve) =>
    run.child.stderr?.on('data', () => {
      if (/PRICE_DATA_SERVER on localhost: keeping up/.test(run.texts.err)) resolve()
    }),
  )
  run.child.kill('SIGINT')
  const { code } = await ended(run)
  expect(run.texts.err).toMatch(/interrupted\n$/)
  expect(code).toBe(130)
  expect(readdirSync(place)).toEqual([])
})
