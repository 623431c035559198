import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, sep } from 'node:path'
import { expect, it } from 'vitest'

/** What each folder may import beside itself. Data flows one way; imports point down. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  model: ['base'],
  sockets: ['base', 'model'],
  definition: ['base', 'model'],
  wire: ['base', 'model'],
  registration: ['base', 'model'],
  publisher: ['base', 'model', 'wire'],
  subscriber: ['base', 'model', 'wire'],
  transport: ['base', 'model', 'sockets', 'registration'],
  cluster: ['base', 'model', 'wire', 'sockets', 'definition', 'registration'],
  queue: [
    'base',
    'model',
    'wire',
    'sockets',
    'definition',
    'publisher',
    'subscriber',
    'transport',
    'cluster',
  ],
  intake: [
    'base',
    'model',
    'wire',
    'sockets',
    'definition',
    'publisher',
    'subscriber',
    'transport',
    'cluster',
    'queue',
  ],
  lines: ['base', 'model'],
  live: ['base', 'model', 'queue'],
  database: ['base', 'model', 'publisher', 'queue'],
  metrics: ['base', 'model', 'queue'],
  opentelemetry: ['base', 'model', 'queue', 'metrics'],
  probes: ['base', 'model', 'sockets', 'definition', 'cluster', 'metrics'],
  streams: ['base'],
  web: ['base', 'model', 'lines', 'queue', 'live', 'streams'],
  browser: [],
  gateway: ['base', 'model', 'sockets', 'lines', 'queue', 'metrics', 'streams'],
  demo: ['base', 'model', 'definition', 'transport', 'queue', 'database', 'live'],
  doctor: ['base', 'model', 'sockets', 'definition', 'transport', 'cluster'],
  cli: [
    'base',
    'model',
    'sockets',
    'definition',
    'transport',
    'cluster',
    'queue',
    'intake',
    'lines',
    'database',
    'probes',
    'gateway',
    'demo',
    'doctor',
  ],
  testing: [
    'base',
    'model',
    'wire',
    'definition',
    'registration',
    'publisher',
    'subscriber',
    'transport',
    'cluster',
    'queue',
    'live',
  ],
  'index.ts': ['base', 'model', 'queue'],
}

/** A file beyond this has become a room to redraw. */
const maxLines = 400

const root = join(import.meta.dirname, '..', 'src')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)
const isTest = (file: string): boolean => file.endsWith('.test.ts')

it('imports point down', () => {
  const wrong: string[] = []
  for (const file of files.filter((each) => !isTest(each))) {
    const room = file.split(sep)[0] ?? file
    const text = readFileSync(join(root, file), 'utf8')
    for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
      const target = relative(root, join(root, file, '..', path ?? ''))
      const targetRoom = target.split(sep)[0] ?? target
      if (targetRoom !== room && !(allowed[room] ?? []).includes(targetRoom))
        wrong.push(`${file} imports ${target}`)
      if (/(^|[\\/])index\.ts$/.test(target))
        wrong.push(`${file} imports a door from inside: ${target}`)
    }
  }
  expect(wrong).toEqual([])
})

it('no file imports itself by way of others, types included', () => {
  const imports = new Map<string, string[]>()
  for (const file of files.filter((each) => !isTest(each))) {
    const paths = readFileSync(join(root, file), 'utf8').matchAll(
      /(?:from|import)\s*\(?\s*'(\.[^']+)'/g,
    )
    imports.set(
      file,
      Array.from(paths, ([, path]) => relative(root, join(root, file, '..', path ?? ''))),
    )
  }
  const circles: string[] = []
  const done = new Set<string>()
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file)
    if (at >= 0) circles.push([...way.slice(at), file].join(' → '))
    if (at >= 0 || done.has(file)) return
    for (const next of imports.get(file) ?? []) visit(next, [...way, file])
    done.add(file)
  }
  for (const file of imports.keys()) visit(file, [])
  expect(circles).toEqual([])
})

it('timers are set in one place, which knows how long they can be', () => {
  const setsTimers = /\b(?:setTimeout|setInterval)\b|AbortSignal\.timeout/
  const elsewhere = files.filter(
    (file) =>
      !isTest(file) &&
      file !== join('base', 'clock.ts') &&
      // What runs in pages has one of its own.
      file !== join('browser', 'page-clock.ts') &&
      setsTimers.test(readFileSync(join(root, file), 'utf8')),
  )
  expect(elsewhere).toEqual([])
})

it('no promise is left to itself, since an unhandled rejection ends the process: see base/background.ts', () => {
  const left: string[] = []
  for (const file of files.filter((each) => !isTest(each))) {
    const text = readFileSync(join(root, file), 'utf8')
    // `void` before an expression, wherever that stands; an object that lives by itself is no promise.
    for (const [line] of text.matchAll(/^.*(?<![`'"\w])void (?!new )[\w#(].*$/gm))
      left.push(`${file}: ${line.trim()}`)
    left.push(...keptToThemselves(text).map((line) => `${file}: ${line}`))
  }
  expect(left).toEqual([])
})

/**
 * Promises of an async method that a statement puts into a field, and that the next three lines neither give to
 * somebody nor follow: lint does not see those. A method that catches what fails in it needs nobody.
 */
function keptToThemselves(text: string): string[] {
  const kept = text.matchAll(/^ +this\.(#?\w+) (?:\?\?)?= this\.(#?\w+)\(.*\)$\n((?:.*\n){3})/gm)
  return Array.from(kept)
    .filter(([, field, method, next = '']) => {
      const body = new RegExp(`^ {2}async ${method}\\([^]*?^ {2}\\}`, 'm').exec(text)?.[0]
      if (body === undefined || body.includes('catch (error)')) return false
      return !new RegExp(`(?:return |await |inBackground\\()this\\.${field}\\b`).test(next)
    })
    .map(([lines]) => (lines.split('\n')[0] ?? '').trim())
}

it('every folder is in the plan', () => {
  const rooms = new Set(files.map((file) => file.split(sep)[0] ?? file))
  expect([...rooms].filter((room) => !(room in allowed))).toEqual([])
})

it('each layer has the same list of files: two planes, and what puts them together', () => {
  const rooms = new Set(
    files
      .map((file) => file.split(sep))
      .flatMap(([room, layer, name]) =>
        room === 'transport' && layer !== undefined && name !== undefined ? [layer] : [],
      ),
  )
  // What carries the transport of a worker thread to the main thread is no layer.
  const layers = [...rooms].filter((room) => room !== 'thread')
  expect(layers.toSorted()).toEqual(['memory', 'mqtt', 'zeromq'])
  for (const layer of layers) {
    const names = files
      .filter((file) => !isTest(file) && dirname(file) === join('transport', layer))
      .map((file) => basename(file).replace(layer, '<layer>'))
    expect(names.toSorted()).toEqual([
      '<layer>-transport.ts',
      'data-plane.ts',
      'roster-plane.ts',
      'transport-options.ts',
    ])
  }
})

it('no two exported names are the same, and no two files but those that each layer has', () => {
  const layers = ['data-plane.ts', 'roster-plane.ts', 'transport-options.ts', 'index.ts']
  const sources = files.filter((file) => !isTest(file))
  const names = sources.map((file) => basename(file)).filter((name) => !layers.includes(name))
  expect(repeated(names)).toEqual([])
  const exported = sources.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const declared = text.matchAll(/^export (?:abstract )?(?:class|interface|type) (\w+)/gm)
    return Array.from(declared, ([, name = '']) => name)
  })
  expect(repeated(exported)).toEqual([])
})

const repeated = (names: readonly string[]): string[] =>
  names.filter((name, index) => names.indexOf(name) !== index)

it('nobody writes into an object of the core: its classes have no public fields that change', () => {
  const field =
    /^ {2}(?!readonly |static |get |set |async |return |#)[a-zA-Z]\w*[?!]?(: [^()]*)?( = .*)?$/
  const open = files
    .filter((file) => /^(publisher|subscriber)\//.test(file) && !isTest(file))
    .flatMap((file) => classLines(file).filter((line) => field.test(line)))
  expect(open).toEqual([])
})

/** The lines of the classes of a file. */
function classLines(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^(?:export )?class [^\n]*\n(.*?)^}/gms)].flatMap(([, body = '']) =>
    body.split('\n'),
  )
}

it('files are short', () => {
  const long = files
    .filter((file) => !isTest(file))
    .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > maxLines)
  expect(long).toEqual([])
})
