import { expect, it } from 'vitest'
import { CaptureStage } from '../harness/capture-stage.ts'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const schema = `
create table trade (id int primary key, account text, price float8);
create table position (account text primary key, quantity bigint)`

const tables = ['--tables', 'trade,position']

it.runIf(available('a capture', 'postgres'))(
  'a transaction of a program that knows nothing of us is one commit in another process, with the position as version',
  async () => {
    await using stage = await CaptureStage.open(schema)
    await stage.startCapture(...tables)
    const tail = await stage.tail()
    await stage.query(`begin; insert into trade values (1, 'A', 1.5); insert into position values ('A', 9007199254740993);
      update trade set price = 2 where id = 1; commit`)
    await stage.query('begin; insert into trade values (2); rollback')
    await stage.query('update trade set id = 3')
    await stage.query('delete from trade')
    const updates = await tail.until(5)
    expect(updates.map(({ table, kind, record, before }) => [table, kind, record, before])).toEqual(
      [
        ['trade', 'insert', { id: 1, account: 'A', price: 1.5 }, undefined],
        ['position', 'insert', { account: 'A', quantity: '9007199254740993' }, undefined],
        ['trade', 'modify', { id: 1, account: 'A', price: 2 }, undefined],
        ['trade', 'modify', { id: 3, account: 'A', price: 2 }, { id: 1 }],
        ['trade', 'delete', { id: 3 }, undefined],
      ],
    )
    expect(new Set(updates.slice(0, 3).map(({ commit }) => commit)).size).toBe(1)
    const versions = updates.map(({ version }) => BigInt(version ?? -1))
    expect(versions).toEqual(versions.toSorted((one, other) => Number(one - other)))
    expect(new Set(versions).size).toBe(5)
  },
)
