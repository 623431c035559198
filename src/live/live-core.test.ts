import { describe, expect, it } from 'vitest'
import { limits, LiveStage, type Row, row } from '../../test/harness/live-stage.ts'
import { noBound } from './row-version.ts'

describe('an update', () => {
  it('L1: that is newer than the row is applied', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2), 11n)
    stage.tell('insert', row('b', 3), 12n)
    stage.tell('delete', row('a', 2), 13n)
    expect(stage.values).toEqual({ b: 3 })
    expect(stage.wanted).toEqual([])
  })

  it('L1: that is not newer than a row known exactly is dropped', () => {
    const stage = new LiveStage().opened([])
    stage.tell('insert', row('a', 2), 12n)
    stage.tell('modify', row('a', 1), 11n)
    stage.tell('modify', row('a', 3), 12n)
    expect(stage.values).toEqual({ a: 2 })
    expect(stage.wanted).toEqual([])
  })

  it('L1: that is not newer than the bound of a read has its row read again', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2), 10n)
    expect(stage.values).toEqual({ a: 1 })
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L1: without a version has its row read again, whoever changed it last', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2), 11n)
    stage.tell('modify', row('a', 3))
    expect(stage.values).toEqual({ a: 2 })
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L1: has the version of the field named, and a delete one more', () => {
    const stage = new LiveStage({ versionField: 'VERSION' }).opened(
      [row('a', 1, 5n), row('b', 1, 6n)],
      noBound,
    )
    stage.tell('modify', row('a', 2, 6n))
    stage.tell('modify', row('b', 2, 5n))
    stage.tell('delete', row('b', 1, 6n))
    stage.tell('delete', row('a', 1, 4n))
    expect(stage.values).toEqual({ a: 2 })
    expect(stage.wanted).toEqual([])
  })

  it('L1: without the key has the whole table read again', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', { VALUE: 2 } as Row, 11n)
    expect(stage.wanted).toEqual(['A all'])
  })

  it('L1: that changes the key of its row takes it away under the old one', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('b', 2), 11n, { before: row('a', 1) })
    expect(stage.values).toEqual({ b: 2 })
    stage.tell('modify', row('d', 2), 9n, { before: row('c', 1) })
    expect(stage.wanted).toEqual(['A c d'])
  })
})

describe('a row that is not there', () => {
  it('L2: does not come back by an update that is older than its delete', () => {
    const stage = new LiveStage().opened([])
    stage.tell('insert', row('a', 1), 12n)
    stage.tell('delete', row('a', 1), 14n)
    stage.tell('modify', row('a', 2), 13n)
    expect(stage.values).toEqual({})
    // It may have been inserted anew with a number that was taken before that of the delete.
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L2: comes back by an update that is newer', () => {
    const stage = new LiveStage().opened([])
    stage.tell('insert', row('a', 1), 12n)
    stage.tell('delete', row('a', 1), 14n)
    stage.tell('insert', row('a', 2), 15n)
    expect(stage.values).toEqual({ a: 2 })
  })

  it('L2: whose delete is forgotten leaves its version to all that are not there', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1), row('c', 1)])
    for (const [place, ID] of ['a', 'b', 'c'].entries())
      stage.tell('delete', row(ID, 1), 20n + BigInt(place))
    stage.tell('insert', row('a', 2), 19n)
    stage.tell('insert', row('d', 2), 20n)
    stage.tell('insert', row('e', 2), 21n)
    expect(stage.values).toEqual({ e: 2 })
    expect(stage.wanted).toEqual(['A a d'])
  })

  it('L2: is forgotten after its time', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('delete', row('a', 1), 20n)
    expect(stage.core.rowsOf('A').remembered).toBe(1)
    stage.core.tick(limits.rememberedMs)
    expect(stage.core.rowsOf('A').remembered).toBe(0)
    stage.tell('insert', row('b', 2), 20n)
    expect(stage.values).toEqual({})
  })

  it('L2: is not known to be away by an old delete while a read is under way that may find it', () => {
    const stage = new LiveStage().opened([])
    stage.tell('insert', row('a', 1), 9n)
    const round = stage.begin()
    stage.tell('delete', row('a', 1), 10n)
    stage.take(round, [row('a', 1)], 20n)
    expect(stage.wanted).toEqual(['A a'])
  })
})

describe('a read', () => {
  it('L3: holds all that came before it began', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    stage.lose()
    stage.tell('modify', row('a', 2), 11n)
    stage.take(stage.begin(), [row('a', 3), row('c', 1)], 20n)
    expect(stage.values).toEqual({ a: 3, c: 1 })
    stage.tell('modify', row('a', 2), 15n)
    expect(stage.values).toEqual({ a: 3, c: 1 })
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L3: leaves what has changed since it began and is newer than it', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    stage.lose()
    const round = stage.begin()
    stage.tell('modify', row('a', 2), 21n)
    stage.tell('delete', row('b', 1), 22n)
    stage.take(round, [row('a', 1), row('b', 1)], 20n)
    expect(stage.values).toEqual({ a: 2 })
    expect(stage.wanted).toEqual([])
  })

  it('L3: that may hold what has changed since it began, or not, is made again of that row', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    stage.lose()
    const round = stage.begin()
    stage.tell('modify', row('a', 2), 15n)
    stage.take(round, [row('a', 1), row('b', 2)], 20n)
    expect(stage.values).toEqual({ a: 2, b: 2 })
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L3: with versions of its rows is newer or older by them', () => {
    const stage = new LiveStage({ versionField: 'VERSION' }).opened(
      [row('a', 1, 1n), row('b', 1, 1n)],
      noBound,
    )
    stage.lose()
    const round = stage.begin()
    stage.tell('modify', row('a', 2, 3n))
    stage.tell('modify', row('b', 2, 2n))
    stage.take(round, [row('a', 1, 2n), row('b', 3, 3n)])
    expect(stage.values).toEqual({ a: 2, b: 3 })
    expect(stage.wanted).toEqual([])
  })

  it('L3: in doubt again while it is under way is made once more', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2))
    const round = stage.begin()
    stage.tell('modify', row('a', 3))
    expect(stage.core.begin(stage.now)).toBe(null)
    stage.take(round, [row('a', 2)])
    expect(stage.values).toEqual({ a: 2 })
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L3: of no rows but those in doubt is made in parts, and of all where they are too many', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1), row('c', 1)])
    for (const ID of ['a', 'b', 'c']) stage.tell('modify', row(ID, 2))
    expect(stage.wanted).toEqual(['A a b', 'A c'])
    const many = new LiveStage().opened([row('a', 1)])
    for (const ID of ['a', 'b', 'c', 'd', 'e']) many.tell('modify', row(ID, 2))
    expect(many.wanted).toEqual(['A all'])
    const whole = new LiveStage({ readsKeys: false }).opened([row('a', 1)])
    whole.tell('modify', row('a', 2))
    expect(whole.wanted).toEqual(['A all'])
  })

  it('L3: keeps the record that somebody may hold where it is the same', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    const held = stage.core.rowsOf('A').get('a')
    stage.lose()
    stage.take(stage.begin(), [row('a', 1)], 20n)
    expect(stage.core.rowsOf('A').get('a')).toBe(held)
  })
})

describe('a loss', () => {
  it('L4: makes the table stale until a read is taken that began after it; the rows stay', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.lose()
    expect([stage.state, stage.values]).toEqual(['stale', { a: 1 }])
    const round = stage.begin()
    stage.now = 5
    stage.lose()
    stage.take(round, [row('a', 2)], 20n)
    expect([stage.state, stage.values]).toEqual(['stale', { a: 2 }])
    expect(stage.core.conditionOf('A').staleSince).toBe(0)
    stage.take(stage.begin(), [row('a', 3)], 30n)
    expect([stage.state, stage.values]).toEqual(['live', { a: 3 }])
  })

  it('L4: of keys has those read again, one of other fields the whole table', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    stage.lose({ keys: [{ ID: 'b' }] })
    expect(stage.state).toBe('stale')
    stage.take(stage.begin(), [row('b', 2)], 20n)
    expect([stage.state, stage.values]).toEqual(['live', { a: 1, b: 2 }])
    stage.lose({ keys: [{ VALUE: 1 }] })
    expect(stage.wanted).toEqual(['A all'])
  })

  it('L4: of any table is one of all; its end is one, too, unless nothing was lost', () => {
    const stage = new LiveStage().opened([])
    stage.lose({ from: 8, to: 7 })
    expect(stage.wanted).toEqual([])
    stage.lose({ table: null, from: null, to: null })
    expect(stage.wanted).toEqual(['A all', 'B all'])
  })
})

describe('a commit', () => {
  it('L5: of which one row is in doubt changes nothing until all of its rows were read', () => {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    const commit = 7
    stage.core.updates(
      [
        stage.change('modify', row('a', 2), 11n, { commit }),
        stage.change('modify', row('b', 2), undefined, { commit }),
        stage.change('insert', row('c', 2), 12n, { commit: 8 }),
      ],
      0,
    )
    expect(stage.values).toEqual({ a: 1, b: 1, c: 2 })
    stage.take(stage.begin(), [row('a', 2), row('b', 2)], 12n)
    expect(stage.values).toEqual({ a: 2, b: 2, c: 2 })
  })

  it('L5: of which a part was lost changes nothing until all of its rows were read', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.lose({ table: 'B' })
    stage.core.updates([stage.change('modify', row('a', 2), 11n)], 0, true)
    expect(stage.values).toEqual({ a: 1 })
    expect(stage.wanted).toEqual(['A a', 'B all'])
  })

  it('L5: may change one row several times with one version', () => {
    const stage = new LiveStage().opened([])
    const commit = 7
    stage.core.updates(
      [
        stage.change('insert', row('a', 1), 11n, { commit }),
        stage.change('modify', row('a', 2), 11n, { commit }),
      ],
      0,
    )
    expect(stage.values).toEqual({ a: 2 })
  })
})

describe('a read that fails', () => {
  it('L6: leaves the rows, is told by the state, and is made again, later and later', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2))
    stage.begin()
    stage.core.failed(stage.now)
    expect([stage.state, stage.values]).toEqual(['stale', { a: 1 }])
    const pauses: number[] = []
    for (let times = 0; times < 10; times++) {
      pauses.push(stage.core.nextAt - stage.now)
      expect(stage.core.begin(stage.core.nextAt - 1)).toBe(null)
      stage.now = stage.core.nextAt
      stage.begin()
      stage.core.failed(stage.now)
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000])
    stage.now = stage.core.nextAt
    stage.take(stage.begin(), [row('a', 2)], 20n)
    expect([stage.state, stage.values, stage.core.nextAt]).toEqual(['live', { a: 2 }, Infinity])
  })

  it('L6: before the first read is taken nothing shows that a read has left in doubt', () => {
    const stage = new LiveStage()
    stage.tell('insert', row('z', 1), 1n)
    stage.core.ready()
    const round = stage.begin()
    stage.tell('insert', row('a', 1), 9n)
    stage.take(round, [], 10n)
    expect(stage.state).toBe('reading')
    stage.take(stage.begin(), [row('a', 1)], 20n)
    expect([stage.state, stage.values]).toEqual(['live', { a: 1 }])
  })
})
