// docs/DATA-LAYERS.md: its samples run as they are printed, each with the data layer itself on a PostgreSQL of its own. What
// a transaction has committed reaches another process once and a live table, and what was rolled back does not.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Pool } from 'pg'
import { afterEach, expect, it } from 'vitest'
import { install } from '../../src/database/postgres/installation.ts'
import { publishCommits, readTable } from '../../src/database/postgres/index.ts'
import { openUpdateQueue } from '../../src/index.ts'
import { liveTable } from '../../src/live/index.ts'
import { rowTexts } from '../harness/account-database.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Child, repository } from '../harness/child.ts'
import { layerModules } from '../harness/data-layers.ts'
import { eventually } from '../harness/eventually.ts'
import { freePorts } from '../harness/loopback.ts'
import { blocksOf, plain, table } from '../harness/pages.ts'
import { Postgres, postgresUser } from '../harness/postgres.ts'
import { compileSamples, complaints, withDoors } from '../harness/sample.ts'
import { scratchDirectory } from '../harness/scratch.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'
import type { LayerAnswer, LayerCall } from './layer-cases.ts'

const page = 'docs/DATA-LAYERS.md'

/** Its program, the heading of its section, and which sample of that it runs. */
const layers = [
  { name: 'kysely', heading: '## Kysely', sample: 0 },
  { name: 'drizzle', heading: '## Drizzle', sample: 0 },
  { name: 'knex', heading: '## Knex', sample: 0 },
  { name: 'knex-with-its-own-pool', heading: '## Knex', sample: 1 },
  { name: 'prisma', heading: '## Prisma', sample: 0 },
  { name: 'typeorm', heading: '## TypeORM', sample: 0 },
  { name: 'sequelize', heading: '## Sequelize', sample: 0 },
] as const
type Layer = (typeof layers)[number]
type Row = Record<string, unknown>

const hasLayers = available('the data layers of docs/DATA-LAYERS.md', 'postgres', 'data-layers')

const closings: (() => Promise<unknown>)[] = []
endProcessesAfterEach()
afterEach(async () => {
  for (const close of closings.splice(0).toReversed()) await close()
})

/** A folder with these samples as they are printed, their programs, and the layers. */
function writePrograms(wanted: readonly Layer[]): string {
  const folder = scratchDirectory()
  symlinkSync(layerModules, join(folder, 'node_modules'), 'dir')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  cpSync(join(import.meta.dirname, 'layer-cases.ts'), join(folder, 'layer-cases.ts'))
  cpSync(join(import.meta.dirname, 'programs'), join(folder, 'programs'), { recursive: true })
  for (const { name, heading, sample } of wanted) {
    const target = join(folder, 'printed', name)
    mkdirSync(target, { recursive: true })
    writeFileSync(join(target, 'bookings.ts'), blocksOf(page, heading, 'ts')[sample] ?? '')
    for (const schema of blocksOf(page, heading, 'prisma')) generate(target, schema)
  }
  return folder
}

/** What `npx prisma generate` makes of a schema, in the same folder. */
function generate(folder: string, schema: string): void {
  writeFileSync(join(folder, 'schema.prisma'), schema)
  const prisma = join(layerModules, 'prisma', 'build', 'index.js')
  // It would download the program that its migrations need, and ask for a newer version.
  const env = { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' }
  execFileSync(process.execPath, [prisma, 'generate', '--schema', 'schema.prisma'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

/** A PostgreSQL with the tables of the page, and this process, which hears what is committed there and keeps a live table. */
async function openView() {
  const [port = 0] = await freePorts('127.0.0.1', 1)
  const [cluster] = await Promise.all([
    TestCluster.start('mesh', 1),
    Postgres.start({ host: '127.0.0.1', port }),
  ])
  const url = `postgresql://${postgresUser}@127.0.0.1:${port}/postgres`
  const owner = new Client(url)
  await owner.connect()
  const [statements = ''] = blocksOf(page, '# Data layers above pg', 'sql')
  await owner.query(`${statements}; create table note (id text primary key)`)
  await install(owner, ['trade', 'account'])
  await owner.end()

  const { definition } = cluster
  const { host } = cluster.node()
  const queue = await openUpdateQueue<Record<string, Row>>({ process: 'VIEW', definition, host })
  closings.push(() => queue.close())
  const commits = new Map<number | null, string[]>()
  const losses: string[] = []
  const all = queue.subscribe('*', {
    onDelivery: (delivery) => {
      if (delivery.type === 'loss')
        losses.push(...delivery.losses.map((loss) => `${loss.table}: ${loss.text}`))
      if (delivery.type !== 'updates') return
      for (const { table: of, kind, record, commit } of delivery.updates)
        commits.set(commit, [...(commits.get(commit) ?? []), `${kind} ${of} ${textOf(record)}`])
    },
  })
  await all.ready
  const config = { connectionString: url, application_name: 'view', max: 2 }
  const pool = publishCommits(new Pool(config), queue)
  closings.push(() => pool.end())
  await eventually('nobody listened before: a loss in both tables', () => losses.length === 2)
  losses.length = 0
  const env = { DATABASE_URL: url, TIDINGS_DEFINITION: definition, TIDINGS_HOST: host }
  return { queue, pool, commits, losses, env }
}

/** A trade with its price, an account with its number of trades, or a note; `booked` comes from the database alone. */
function textOf({ id, price, trades, booked }: Row): string {
  if (trades !== undefined) return `${String(id)} ${Number(trades)}`
  if (price === undefined) return String(id)
  return `${String(id)} ${Number(price)}${booked instanceof Date ? '' : ' without a time'}`
}

/** The process with the data layer; gives what has it call something. */
async function startProgram(layer: Layer, env: Readonly<Record<string, string>>) {
  const { name } = layer
  const folder = writePrograms([layer])
  const program = join(folder, 'programs', `${name}.ts`)
  const child = new Child({
    name,
    arguments: [...withDoors, join(import.meta.dirname, 'layer-child.ts'), program],
    env,
    cwd: folder,
    ipc: true,
  })
  const answers: LayerAnswer[] = []
  child.process.on('message', (answer: LayerAnswer) => answers.push(answer))
  const answer = async (what: string, count: number): Promise<LayerAnswer | undefined> => {
    await child.until(
      () => `${name} answers ${what}:\n${child.log}`,
      () => answers.length >= count,
    )
    return answers[count - 1]
  }
  await answer('that it is open', 1)
  const call = async (...words: LayerCall): Promise<string | null | undefined> => {
    const count = answers.length + 1
    child.process.send(words)
    return (await answer(words.join(' '), count))?.error
  }
  return { child, call }
}

it.runIf(hasLayers).each(layers)(
  '$name: commits arrive once and as the database has them, and what was rolled back does not',
  async (layer) => {
    const { queue, pool, commits, losses, env } = await openView()
    const { child, call } = await startProgram(layer, env)
    // Its first connection has the adapter as soon as the queue knows the tables, and the others from the start.
    await eventually('its connection has the mark of the adapter', async () => {
      expect(await call('raise', 'nobody')).toBe(null)
      const { rows } = await pool.query(
        `select from pg_stat_activity
        where application_name like '%[tidings]' and application_name not like 'view%'`,
      )
      return rows.length > 0
    })
    const trades = await liveTable(queue, {
      table: 'trade',
      key: 'id',
      read: () => readTable(pool, 'trade'),
      readKeys: (keys) => readTable(pool, 'trade', { key: 'id', keys }),
    })
    closings.push(() => trades.close())
    const { reads } = trades.stats()

    expect(await call('book', 'T1', 'A')).toBe(null)
    expect(await call('bookAndThrow', 'T2', 'A')).toMatch(/thrown/)
    const ofFailed = await call('bookBehindError', 'T3', 'A')
    expect(await call('bookInParts', 'T4', 'T5', 'T6', 'A')).toBe(null)
    expect(await call('raise', 'A')).toBe(null)
    expect(await call('note', 'N1')).toBe(null)
    expect(await call('noteAndThrow', 'N2')).toMatch(/thrown/)
    expect(await call('book', 'T7', 'B')).toBe(null)
    await eventually('the live table has the last', () => trades.get('T7')?.['price'] === '101')
    const { rows } = await pool.query<Row>('select * from trade')
    expect(rowTexts(trades.values())).toEqual(rowTexts(rows))
    expect(trades.stats().reads - reads, 'what it had to read again').toBe(0)

    expect(await call('close')).toBe(null)
    expect(await child.ended, child.log).toEqual({ code: 0, signal: null })
    expect([...commits.values()]).toEqual([
      ['insert trade T1 100', 'insert account A 1', 'modify trade T1 101'],
      ['insert trade T4 100', 'modify account A 2', 'insert trade T6 100', 'modify account A 3'],
      ['modify trade T1 102', 'modify trade T4 101', 'modify trade T6 101'],
      ['insert note N1'],
      ['insert trade T7 100', 'insert account B 1', 'modify trade T7 101'],
    ])
    expect(losses).toEqual([])

    const told = table(page, 'layers').find(([name = '']) =>
      name.startsWith(`[${layer.heading.slice('## '.length)}]`),
    )
    expect(ofFailed === null ? 'resolves' : 'rejects').toBe(told?.[3])
  },
)

it.runIf(hasLayers)('the samples and the programs of the data layers have no mistakes', () => {
  const folder = writePrograms(layers)
  expect(compileSamples(folder)).toBe('')
  const rules = join(repository, '.oxlintrc.json')
  const words = ['--type-aware', '--deny-warnings', '-c', rules, 'programs']
  expect(complaints(folder, 'oxlint', ...words)).toBe('')
})

it('docs/DATA-LAYERS.md names each layer with the versions that are run', () => {
  const manifest = readFileSync(join(import.meta.dirname, 'package.json'), 'utf8')
  const { dependencies } = JSON.parse(manifest) as { dependencies: Record<string, string> }
  const rows = table(page, 'layers')
  const told = rows.flatMap(([, versions = '']) =>
    versions.split(', ').map((each) => plain(each).split(' ')),
  )
  expect(told).toEqual(told.map(([name = '']) => [name, dependencies[name]]))
  const named = rows.map(([name = '']) => `## ${/^\[(\w+)\]/.exec(name)?.[1]}`)
  expect(named).toEqual([...new Set(layers.map(({ heading }) => heading))])
})
