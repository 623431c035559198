import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { CaptureStage } from '../harness/capture-stage.ts'
import { eventually } from '../harness/eventually.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

const schema = `
create table trade (id int primary key, note text);
create table "Loose" (id int);
create schema audit; create table audit.trade (id int primary key); alter table audit.trade replica identity full;
create role outsider login replication`

it.runIf(isThere)(
  '--check says what keeps tables from being captured, and changes nothing; --drop takes away what was made',
  async () => {
    await using stage = await CaptureStage.open(schema)
    const bad = stage.capture('--check', '--tables', 'trade,"Loose",audit.trade')
    expect((await bad.ended).code).toBe(1)
    expect(bad.output).toMatch(
      /^✗ {2}Loose: nothing identifies the rows of "Loose"[^\n]*\n {3}→ [^\n]*alter table "Loose" replica identity full$/m,
    )
    expect(bad.output).toMatch(/^! {2}trade: updates come without the row before/m)
    expect(bad.output).not.toContain('audit.trade')
    expect(bad.log).toContain('1 problem\n')
    const refused = stage.capture('--tables', 'trade,"Loose"')
    expect((await refused.ended).code).toBe(2)
    expect(refused.log).toMatch(
      /^error: Loose: nothing identifies the rows.*\[DATABASE_REFUSED\]$/m,
    )
    const unknown = stage.capture('--tables', 'trade,Loose')
    expect((await unknown.ended).code).toBe(2)
    expect(unknown.log).toContain('the database has no table Loose: name tables as in SQL')
    const none = stage.capture()
    expect((await none.ended).code).toBe(2)
    expect(none.log).toContain('there is no publication tidings_test with tables yet')
    expect(await stage.query('select from pg_publication')).toEqual([])
    expect(await stage.slot()).toBe(undefined)

    const capture = await stage.startCapture('--tables', 'trade,audit.trade')
    const shown = async () => {
      const { nodes } = await stage.cluster.snapshot()
      const process = nodes[0]?.processes.find(({ name }) => name.startsWith('CAPTURE'))
      return process?.tables.map(({ table }) => table).toSorted()
    }
    // What a process publishes it says with its next word to GENESIS_CLUSTER.
    await eventually('the tables of the capture to be shown', async () =>
      isDeepStrictEqual(await shown(), ['audit.trade', 'trade']),
    )
    const inUse = stage.capture('--drop')
    expect((await inUse.ended).code).toBe(2)
    expect(inUse.log).toMatch(
      /a capture has the slot tidings_test \(process \d+ of the database\): end it first/,
    )
    expect((await capture.end('SIGTERM')).code).toBe(0)
    expect(await stage.slot()).toMatchObject({ active: false })
    const dropped = stage.capture('--drop')
    expect((await dropped.ended).code).toBe(0)
    expect(dropped.log).toContain('dropped: slot tidings_test, publication tidings_test')
    expect(await stage.query('select from pg_publication')).toEqual([])
    expect(await stage.slot()).toBe(undefined)
  },
)

it.runIf(isThere)(
  'who may not make the publication is told what the owner is to run; with that it captures',
  async () => {
    await using stage = await CaptureStage.open(schema)
    const url = stage.postgres.url.replace('user=test', 'user=outsider')
    const words = ['--url', url, '--tables', 'trade']
    const check = stage.capture('--check', ...words)
    expect((await check.ended).code).toBe(1)
    const [, sql = ''] = /let the owner of the tables run: (.*)/.exec(check.output) ?? []
    await stage.query(sql)
    await stage.startCapture(...words)
    const tail = await stage.tail()
    await stage.query(`insert into trade values (1, 'a')`)
    expect(await tail.until(1)).toMatchObject([{ table: 'trade', record: { id: 1, note: 'a' } }])
  },
)
