import { describe, expect, it } from 'vitest'
import { LiveStage, row } from '../../test/harness/live-stage.ts'

/** Waits for what the stage was told so far; says whether that is in the rows. */
function awaiting({ core }: LiveStage, table = 'A'): () => boolean {
  let isSeen = false
  core.awaitReads(new Set([table]), () => (isSeen = true))
  return () => isSeen
}

describe('what somebody waits for', () => {
  it('L7: is there at once where nothing of its tables is in doubt', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2), 11n)
    expect(awaiting(stage)()).toBe(true)
    stage.tell('modify', row('a', 2), undefined, { table: 'B' })
    expect([awaiting(stage)(), awaiting(stage, 'B')()]).toEqual([true, false])
    const round = stage.begin()
    expect([awaiting(stage)(), awaiting(stage, 'B')()]).toEqual([true, false])
    stage.take(round, [])
    expect(awaiting(stage, 'B')()).toBe(true)
  })

  it('L7: is there when its row that is in doubt was read, also by a read under way', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2))
    const before = awaiting(stage)
    const round = stage.begin()
    const meanwhile = awaiting(stage)
    expect([before(), meanwhile()]).toEqual([false, false])
    stage.take(round, [row('a', 2)])
    expect([before(), meanwhile()]).toEqual([true, true])
  })

  it('L7: is not there by a read that began before it was told lost', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.tell('modify', row('a', 2))
    const changed = awaiting(stage)
    const round = stage.begin()
    stage.lose()
    const lost = awaiting(stage)
    stage.take(round, [row('a', 2)])
    expect([changed(), lost()]).toEqual([true, false])
    stage.take(stage.begin(), [row('a', 3)])
    expect([lost(), stage.state]).toEqual([true, 'live'])
  })

  it('L7: is not there by a read that fails', () => {
    const stage = new LiveStage().opened([row('a', 1)])
    stage.lose()
    const before = awaiting(stage)
    stage.begin()
    const meanwhile = awaiting(stage)
    stage.core.failed(stage.now)
    expect([before(), meanwhile(), awaiting(stage)()]).toEqual([false, false, false])
    stage.now = stage.core.nextAt
    stage.take(stage.begin(), [row('a', 2)])
    expect([before(), meanwhile()]).toEqual([true, true])
  })

  /** The row has changed while it was read, by a version that the read may hold or not. */
  function leftInDoubt() {
    const stage = new LiveStage().opened([row('a', 1), row('b', 1)])
    stage.tell('modify', row('a', 2))
    const isSeen = awaiting(stage)
    const round = stage.begin()
    stage.tell('modify', row('a', 3), 15n)
    stage.take(round, [row('a', 2)], 20n)
    expect([isSeen(), stage.values['a']]).toEqual([false, 3])
    return { stage, isSeen }
  }

  it('L7: is there where a read has left its row in doubt, when that was read once more', () => {
    const { stage, isSeen } = leftInDoubt()
    stage.take(stage.begin(), [row('a', 2)], 25n)
    expect([isSeen(), stage.values['a']]).toEqual([true, 2])
  })

  it('L7: is there where each read leaves its row in doubt, when the row is newer than the first', () => {
    const { stage, isSeen } = leftInDoubt()
    const round = stage.begin()
    stage.tell('modify', row('b', 4), 30n)
    stage.tell('modify', row('a', 4), 18n)
    expect(isSeen()).toBe(false)
    stage.tell('modify', row('a', 5), 21n)
    expect(isSeen()).toBe(true)
    stage.take(round, [row('a', 5)], 25n)
    expect(stage.wanted).toEqual(['A a'])
  })

  it('L7: is not told to who waits no longer', () => {
    const stage = new LiveStage().opened([])
    stage.lose()
    let isSeen = false
    const end = stage.core.awaitReads(null, () => (isSeen = true))
    end()
    stage.take(stage.begin(), [])
    expect(isSeen).toBe(false)
  })
})
