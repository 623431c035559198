import { expect, it } from 'vitest'
import { madeNode, madeProcess } from '../../test/harness/made-snapshots.ts'
import { publishedTables } from './published-tables.ts'

it('are those of all nodes, and at a broker also of who has not told its figures', () => {
  const broker = {
    clientId: '',
    connectedForMs: null,
    subscribes: ['NEWS'],
    publishes: ['TRADE'],
    dropped: 0,
  }
  const told = madeProcess('TOLD', { tables: [{ table: 'POSITION', sequence: 3 }] })
  const nodes = [
    madeNode('a', { processes: [told] }),
    madeNode('b', { processes: [madeProcess('MUTE', { broker })] }),
  ]
  expect([...publishedTables(nodes)]).toEqual(['POSITION', 'TRADE'])
})
