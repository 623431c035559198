import { entryOf } from '../../../test/harness/registration.ts'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { RosterEntry } from '../../model/roster-entry.ts'
import type { ClusterEvent } from '../cluster-event.ts'
import { RosterFile } from './roster-file.ts'
import { RosterKeeping, writeAgainAfterMs } from './roster-keeping.ts'
import { Roster } from './roster.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'tidings-roster-keeping-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const entry = (incarnation: string): RosterEntry =>
  entryOf(incarnation.padStart(32, '0'), { process: `P${incarnation}`, publishes: ['TRADE'] })

const nothing = { gaps: [], forgotten: { all: 0, own: 0 }, processes: [], others: [], endings: [] }

/** A roster that is kept in a file which can be made one that cannot be written. */
class Stage {
  readonly file: RosterFile
  readonly events: ClusterEvent[] = []
  readonly keeping: RosterKeeping
  readonly roster = new Roster('a', 'h', 0)
  now = 0

  constructor(file: RosterFile) {
    this.file = file
    this.keeping = new RosterKeeping(file, (event) => this.events.push(event))
  }

  keep() {
    return this.keeping.keep(this.roster, () => [], this.now)
  }

  /** Nobody writes where a folder stands. */
  block(): void {
    mkdirSync(`${this.file.path}.tmp`)
  }

  unblock(): void {
    rmSync(`${this.file.path}.tmp`, { recursive: true })
  }

  get told(): string[] {
    return this.events.map(({ type }) => type)
  }
}

const stage = () => new Stage(new RosterFile(directory, 'a', 6000))

it('D23: a file that cannot be replaced is removed before anything new is told', () => {
  const kept = stage()
  kept.roster.put(entry('1'), 0)
  expect(kept.keep()).toBe('kept')
  kept.block()
  kept.roster.put(entry('2'), 0)
  expect(kept.keep()).toBe('not-kept')
  expect(kept.file.load()).toBeNull()
})

it('D23: it is kept again as soon as there is room, and each is said once', () => {
  const kept = stage()
  kept.roster.put(entry('1'), 0)
  kept.keep()
  kept.block()
  for (const name of ['2', '3', '4']) {
    kept.roster.put(entry(name), kept.now)
    expect(kept.keep()).toBe('not-kept')
    kept.now += writeAgainAfterMs
  }
  kept.unblock()
  // Nothing has changed: what is not kept is written all the same.
  expect(kept.keep()).toBe('kept')
  expect(kept.keep()).toBe('kept')
  expect(kept.told).toEqual(['warning', 'kept'])
  expect(kept.file.load()).toMatchObject({
    history: 'h',
    version: kept.roster.version,
    processes: ['1', '2', '3', '4'].map((name) => ({ entry: { process: `P${name}` } })),
  })
})

it('a file system that refuses is asked once a second', () => {
  const kept = stage()
  kept.block()
  kept.roster.put(entry('1'), 0)
  kept.keep()
  kept.unblock()
  kept.now += writeAgainAfterMs - 1
  expect(kept.keep()).toBe('not-kept')
  kept.now += 1
  expect(kept.keep()).toBe('kept')
})

/** Of a folder that can only be read: nothing in it can be written or removed. */
class ReadOnlyFile extends RosterFile {
  isReadOnly = false

  override save(...roster: Parameters<RosterFile['save']>): void {
    if (this.isReadOnly) throw new Error('EROFS: read-only file system')
    super.save(...roster)
  }

  override discard(): boolean {
    return !this.isReadOnly && super.discard()
  }
}

it('D23: where the old file cannot be put away a new history begins, once', () => {
  const file = new ReadOnlyFile(directory, 'a', 6000)
  const kept = new Stage(file)
  kept.roster.put(entry('1'), 0)
  kept.keep()
  file.isReadOnly = true
  kept.roster.put(entry('2'), 0)
  expect(kept.keep()).toBe('begin-anew')
  kept.roster.beginHistory('h2')
  kept.now += writeAgainAfterMs
  expect(kept.keep()).toBe('not-kept')
  file.isReadOnly = false
  kept.now += writeAgainAfterMs
  expect(kept.keep()).toBe('kept')
  expect(file.load()).toMatchObject({ history: 'h2' })
  // And again: what is in the file now is our own history.
  file.isReadOnly = true
  kept.roster.put(entry('3'), 0)
  expect(kept.keep()).toBe('begin-anew')
  expect(kept.told).toEqual(['warning', 'kept', 'warning'])
})

it('D23: the history of a file that was loaded and cannot be replaced is not gone on with', () => {
  const file = new ReadOnlyFile(directory, 'a', 6000)
  file.save({ ...nothing, history: 'h', version: 5, own: 5 })
  file.isReadOnly = true
  const kept = new Stage(file)
  expect(kept.keeping.load()).toMatchObject({ history: 'h' })
  kept.roster.put(entry('1'), 0)
  expect(kept.keep()).toBe('begin-anew')
})
