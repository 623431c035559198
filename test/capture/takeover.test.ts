import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { CaptureStage } from '../harness/capture-stage.ts'
import { eventually } from '../harness/eventually.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const isThere = available('a capture', 'postgres')

it.runIf(isThere)(
  'a capture that stands still loses the slot to the one that waits; when it wakes it finds its name taken, and ends',
  async () => {
    await using stage = await CaptureStage.open('create table trade (id int primary key)')
    const words = ['--tables', 'trade']
    const first = await stage.startCapture(...words)
    const second = stage.capture(...words)
    await second.says(/another capture has the slot tidings_test \(process \d+ of the database\)/)
    const tail = await stage.tail()
    await stage.query('insert into trade values (1)')
    await tail.until(1)
    first.signal('SIGSTOP')
    await stage.query('insert into trade values (2)')
    await second.says(/^ready at/m)
    await stage.query('insert into trade values (3)')
    await eventually(
      () => `all rows: ${tail.child.output}`,
      () => new Set(tail.updates.map(({ record }) => record?.['id'])).size === 3,
    )
    first.signal('SIGCONT')
    expect((await first.ended).code).toBe(2)
    expect(first.log).toContain('[NAME_TAKEN]')
    expect((await second.end('SIGTERM')).code).toBe(0)
  },
)
