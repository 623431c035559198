// Documentation is held to the code: samples run or compile, tables and help texts are compared.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { productVersion } from '../src/base/product-version.ts'
import { errorCategories } from '../src/base/tidings-error.ts'
import { loadSettings } from '../src/definition/load-settings.ts'
import { formatProblem } from '../src/definition/problem.ts'
import { lossReasons } from '../src/model/loss.ts'
import { endProcessesAfterEach } from './harness/after-each.ts'
import { Child } from './harness/child.ts'
import { eventually } from './harness/eventually.ts'
import { freePorts } from './harness/loopback.ts'
import {
  blocks,
  blocksOf,
  named,
  pages,
  plain,
  read,
  readmes,
  root,
  table,
} from './harness/pages.ts'
import { compileSamples, startSample } from './harness/sample.ts'
import { command, TestCluster } from './harness/test-cluster.ts'

/** The others are for users, who never have to know how the queue keeps its promises. */
const forMaintainers = new Set([
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/PROTOCOL.md',
  'docs/RULES.md',
  'docs/WIRE.md',
  'docs/TOPOLOGY.md',
  'docs/MULTICAST.md',
  'docs/MQTT.md',
  'docs/RELIABILITY.md',
])
const folder = mkdtempSync(join(tmpdir(), 'tidings-docs-'))
afterAll(() => rmSync(folder, { recursive: true }))

endProcessesAfterEach()

describe('README', () => {
  const [writer = '', view = '', ...programs] = blocks('README.md', 'js')
  const [printed = '', ofFirst] = blocks('README.md', 'text')

  async function start(program: string | undefined): Promise<Child> {
    const cluster = await TestCluster.start('proxy', 1)
    return startSample(cluster, join(folder, 'program.mjs'), program ?? '')
  }

  it('begins with commands that exist', () => {
    const shell = blocks('README.md', 'sh')
    expect(shell).toContain('npm ci && npm run demo\n')
    expect(shell).toContain('npm ci && npm test\n')
  })

  it('begins with a program that publishes its commits and one that keeps a table of them, which print what it shows', async () => {
    const cluster = await TestCluster.start('proxy', 1)
    const cwd = mkdtempSync(join(folder, 'trades-'))
    const write = async () =>
      expect(await startSample(cluster, join(cwd, 'writer.mjs'), writer).ended).toEqual({
        code: 0,
        signal: null,
      })
    await write()
    const child = startSample(cluster, join(cwd, 'view.mjs'), view)
    const hasPrinted = (lines: number) => () => child.lines.length >= lines
    await child.until('it prints the row that it has read', hasPrinted(1))
    await write()
    await child.until('it prints the row that was changed', hasPrinted(2))
    expect(child.output).toBe(printed)
  })

  it('prints a first program that runs as it is printed, with the output that it shows', async () => {
    const child = await start(programs[0])
    const { code } = await child.ended
    expect({ code, output: child.output }).toEqual({
      code: 0,
      output: ofFirst,
    })
  })

  it('prints a handler that ends in good order at SIGTERM', async () => {
    const child = await start(programs[1])
    child.process.stdout?.once('data', () => child.signal('SIGTERM'))
    expect(await child.ended).toEqual({ code: 0, signal: null })
  })
})

it('docs/LIBRARY.md prints tests of an application that run as they are printed, with their output', async () => {
  const heading = '## Tests of an application'
  const programs = blocksOf('docs/LIBRARY.md', heading, 'ts')
  const outputs = blocksOf('docs/LIBRARY.md', heading, 'text')
  const run = async (program: string | undefined): Promise<string> => {
    const file = join(folder, 'application-test.mts')
    const path = (name: string): string => pathToFileURL(join(root, 'src', name)).href
    const code = (program ?? '')
      .replace("'tidings'", `'${path('index.ts')}'`)
      .replace("'tidings/testing'", `'${path('testing/index.ts')}'`)
    writeFileSync(file, code)
    const child = new Child({
      name: 'docs/LIBRARY.md',
      arguments: [file],
      ipc: false,
      keepsOutput: true,
    })
    expect(await child.ended).toEqual({ code: 0, signal: null })
    return child.output
  }
  expect(programs).toHaveLength(2)
  expect(await run(programs[0])).toBe("{ TRADE_ID: 'T1' }\n")
  expect(await run(programs[1])).toBe(outputs[0])
})

describe('docs/LIVE.md', () => {
  const heading = '### seen(token, options?)'
  const [writer = '', reader = ''] = blocksOf('docs/LIVE.md', heading, 'ts')

  it('prints two processes of which one answers with what the other has just written', async () => {
    const cluster = await TestCluster.start('proxy', 1)
    const cwd = mkdtempSync(join(folder, 'prices-'))
    const database = new DatabaseSync(join(cwd, 'prices.db'))
    database.exec('pragma journal_mode = wal')
    database.exec('create table PRICE (ID text primary key, AMOUNT real, VERSION integer)')
    database.close()
    const ports = await freePorts('127.0.0.1', 2)
    const children = [writer, reader].map((program, place) =>
      startSample(cluster, join(cwd, `prices-${place}.mts`), program, {
        env: { PORT: String(ports[place]) },
      }),
    )
    const [atWriter, atReader] = ports.map((port) => `http://localhost:${port}`)
    await eventually('both answer', async () => {
      const answers = await Promise.allSettled([fetch(`${atWriter}/T0/1`), fetch(`${atReader}/T0`)])
      return answers.every(({ status }) => status === 'fulfilled')
    })
    for (let amount = 1; amount <= 200; amount++) {
      const { headers } = await fetch(`${atWriter}/T${amount % 3}/${amount}`, { method: 'PUT' })
      const token = headers.get('commit-token') ?? ''
      const answer = await fetch(`${atReader}/T${amount % 3}`, {
        headers: { 'commit-token': token },
      })
      expect(await answer.text()).toBe(String(amount))
    }
    for (const child of children) await child.end('SIGTERM')
  })
})

it('TypeScript and JavaScript of all pages is whole: each sample compiles as a file of its own', () => {
  // Its samples compile beside the data layers, where those are installed: test/layers/data-layers.test.ts.
  const ours = pages.filter((page) => page !== 'docs/DATA-LAYERS.md')
  const samples = ours.flatMap((page) =>
    [...blocks(page, 'ts'), ...blocks(page, 'js')].map((code) => ({ page, code })),
  )
  expect(samples.length).toBeGreaterThan(8)
  // What is declared and not there would compile, and not run.
  expect(samples.filter(({ code }) => /^\s*(?:export )?declare /m.test(code))).toEqual([])
  const texts = samples.map(({ page, code }, index) => [
    `${page.replaceAll(/\W/g, '-')}-${index}.ts`,
    `${code}\nexport {}\n`,
  ])
  for (const [name = '', text = ''] of texts) writeFileSync(join(folder, name), text)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'dir')
  expect(compileSamples(folder)).toBe('')
})

it('definitions of all pages are understood', () => {
  const definitions = pages.flatMap((page) =>
    blocks(page, 'kotlin').map((text) => ({ page, text })),
  )
  expect(definitions.map(({ page }) => page)).toContain('docs/CONTAINERS.md')
  for (const { page, text } of definitions.filter((each) => each.text.includes('hosts {'))) {
    const file = join(folder, 'definition.kts')
    writeFileSync(file, text)
    const host = /host\((?:name = )?"([^"]+)"/.exec(text)?.[1]
    const { errors } = loadSettings({ definition: file, env: {}, ...(host && { host }) })
    expect(errors.map(formatProblem), page).toEqual([])
  }
})

describe('docs/CLI.md', () => {
  const sections = new Map(
    read('docs/CLI.md')
      .split(/^## /m)
      .map((section) => [section.slice(0, section.indexOf('\n')), section]),
  )
  const help = (words: readonly string[]): string =>
    execFileSync(process.execPath, [command, ...words, '--help'], { encoding: 'utf8' })
  const commands = [...help([]).matchAll(/^ {2}([a-z]+) .*/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help')

  it.each(['', ...commands, 'capture postgres'])('has the help text of tidings %s', (name) => {
    const section = sections.get(`tidings ${name}`.trim()) ?? ''
    const [text = ''] = [...section.matchAll(/^```text\n(.*?)^```$/gms)].map(([, code]) => code)
    expect(text.trimEnd()).toBe(help(name.split(' ').filter(Boolean)).trimEnd())
  })

  it('has every command and no other', () => {
    const documented = [...sections.keys()].filter((title) => /^tidings ./.test(title))
    const within = documented.filter((title) => !/^tidings \w+ \w/.test(title))
    expect(within).toEqual(commands.map((name) => `tidings ${name}`))
  })
})

it('docs/ERRORS.md lists every code with its category, in order', () => {
  const rows = table('docs/ERRORS.md', 'errors')
  const told = rows.map(([code, category]) => [plain(code), plain(category)])
  expect(told).toEqual(Object.entries(errorCategories))
  expect(rows.filter(([, , when, remedy]) => !when || !remedy)).toEqual([])
})

it('docs/DELIVERY.md explains every reason of a loss', () => {
  const losses = read('docs/DELIVERY.md').split('## Losses')[1]?.split('\n## ')[0] ?? ''
  const told = [...losses.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, reason]) => reason)
  expect(told).toEqual([...lossReasons])
})

it('docs/PROTOCOL.md names files that exist, one at least for each invariant', () => {
  const isFile = (word: string): boolean => /^[a-z]+\/[\w/-]+\.ts$/.test(word)
  const files = named(read('docs/PROTOCOL.md')).filter(isFile)
  expect(files.filter((file) => !existsSync(join(root, 'src', file)))).toEqual([])
  const [, section = ''] = read('docs/PROTOCOL.md').split('\n## Invariants\n')
  const rows = section.split('\n### ')[0]?.match(/^\| [A-Z]\d+ \|.*$/gm) ?? []
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter((row) => !named(row).some(isFile))).toEqual([])
})

describe('pages for users', () => {
  const forUsers = pages.filter((page) => !forMaintainers.has(page))
  const rules = /\b[DWZ]\d+(?:\.\d+)?\b/g
  const states = /\bunbased\b|`(?:live|level|stalled|finished|room|full|asking)`/g
  const words = /\b(?:parcels?|manifests?|vectors?|syncs?|synced|tombstones?|quarantined)\b/gi
  const sources =
    /\b(?:src|publisher|subscriber|queue|wire|model|cluster|intake|transport)\/[\w/-]+\.ts\b/g

  it.each(forUsers)(
    '%s: speaks neither of rules and states of the protocol nor of its sources',
    (page) => {
      const text = read(page).replaceAll(/^```.*?^```$|`\S+\.test\.ts`: [^|]*/gms, '')
      expect([rules, states, words, sources].flatMap((each) => text.match(each) ?? [])).toEqual([])
    },
  )
})

it('docs/LIBRARY.md names every option, method, field and event', () => {
  const text = read('docs/LIBRARY.md')
  const headings = [...text.matchAll(/^### (.*)$/gm)].map(([, heading = '']) => heading)
  const told = new Set([...named(text), ...headings].flatMap((code) => code.match(/[\w-]+/g) ?? []))
  const members = (file: string, pattern: RegExp): string[] =>
    [...read(`src/${file}`).matchAll(pattern)].map(([, name = '']) => name)
  const wanted = [
    ...members('queue/options.ts', /^ {2}readonly (\w+)\??:/gm),
    ...members('queue/update-queue.ts', /^ {2}(?:readonly )?(\w+)[(<:]/gm),
    ...members('queue/subscription-handle.ts', /^ {2}readonly (ready):|^ {2}(stop)\(/gm),
    ...members('queue/queue-event.ts', /^ {2}readonly (\w+):/gm),
    ...members('model/update.ts', /^ {4}(\w+)\??:/gm),
    ...members('model/loss.ts', /^ {2}readonly (\w+)\??:/gm),
    ...[
      'queue/queue-event.ts',
      'subscriber/subscription-output.ts',
      'transport/transport.ts',
    ].flatMap((file) =>
      [...read(`src/${file}`).matchAll(/readonly type: ([^;\n}]+)/g)].flatMap(
        ([, types = '']) => types.match(/[a-z-]+/g) ?? [],
      ),
    ),
  ].filter(Boolean)
  expect(wanted.length).toBeGreaterThan(60)
  expect(wanted.filter((name) => !told.has(name))).toEqual([])
})

it('docs/LIBRARY.md names the errors of openUpdateQueue() that its docstring names', () => {
  const [, section = ''] = read('docs/LIBRARY.md').split('## openUpdateQueue(options)')
  const [, docstring = ''] = read('src/queue/open-update-queue.ts').split('@throws TidingsError')
  const codes = (text = ''): string[] => text.match(/\b[A-Z]+(?:_[A-Z]+)+\b|USAGE|ABORTED/g) ?? []
  const told = codes(section.split('nothing is left open')[0]).filter(
    (code) => code in errorCategories,
  )
  const thrown = codes(docstring.split('*/')[0]).filter((code) => code in errorCategories)
  expect(told).toEqual(thrown)
  for (const code of ['ZEROMQ_UNAVAILABLE', 'WORKER_NOT_HOSTED']) expect(told).toContain(code)
})

describe('CONTRIBUTING.md', () => {
  const manifest = JSON.parse(read('package.json')) as {
    version: string
    scripts: Record<string, string>
    dependencies: Record<string, string>
    peerDependencies: Record<string, string>
    devDependencies: Record<string, string>
  }

  it('has the allowed imports of the house', () => {
    const source = read('test/house.test.ts').split('const allowed')[1]?.split('\n}')[0] ?? ''
    const allowed = [...source.matchAll(/^ {2}'?([\w.]+)'?: \[([^\]]*)\]/gm)].map(
      ([, room = '', list = '']) => [room, list.match(/\w+/g) ?? []],
    )
    const told = table('CONTRIBUTING.md', 'imports').map(([room, , list = '']) => [
      plain(room),
      named(list),
    ])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(allowed))
  })

  it('explains every script and every dependency', () => {
    const scripts = table('CONTRIBUTING.md', 'scripts').map(([name]) =>
      plain(name).replace(/^npm (run )?/, ''),
    )
    expect(scripts.sort()).toEqual(Object.keys(manifest.scripts).sort())
    const kinds = table('CONTRIBUTING.md', 'dependencies').map(([name, kind]) => [
      plain(name),
      kind,
    ])
    expect(Object.fromEntries(kinds)).toEqual({
      ...Object.fromEntries(Object.keys(manifest.dependencies).map((name) => [name, 'runtime'])),
      ...Object.fromEntries(
        Object.keys(manifest.devDependencies).map((name) => [name, 'development']),
      ),
      // The tests need it, too; what it is to users counts.
      ...Object.fromEntries(
        Object.keys(manifest.peerDependencies).map((name) => [name, 'optional peer']),
      ),
    })
  })

  it('goes with a changelog that knows this version', () => {
    expect(read('CHANGELOG.md')).toContain(`\n## [${manifest.version}]`)
  })

  it('has the version that the code says of itself', () => {
    expect(manifest.version).toBe(productVersion)
  })
})

it('links of all pages lead to a file, and to a heading in it', () => {
  const anchor = (heading: string): string =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
  const anchors = (file: string): string[] =>
    [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      anchor(heading),
    )
  const broken: string[] = []
  for (const page of [...pages, ...readmes])
    for (const [, link = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path = '', heading] = link.split('#')
      const file = path === '' ? join(root, page) : join(root, dirname(page), path)
      const isThere = existsSync(file) && (heading === undefined || anchors(file).includes(heading))
      if (!isThere) broken.push(`${relative(root, join(root, page))}: ${link}`)
    }
  expect(broken).toEqual([])
})
