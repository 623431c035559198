import { expect, it } from 'vitest'
import {
  type Keeper,
  Race,
  type RaceOptions,
  type Row,
  tableNames,
} from '../../test/harness/racing-writers.ts'
import { AsItComes, SamePublisherApplies } from '../../test/harness/recipes.ts'
import { seededRandom } from '../base/random.ts'
import { LiveCore } from './live-core.ts'
import { liveLimits } from './live-limits.ts'
import { RowKey } from './row-key.ts'

const seeds = 40

/** Small, so that they are met: what is forgotten, and what is so much that all is read. */
const limits = {
  ...liveLimits,
  keysPerRead: 3,
  wholeFromKeys: 5,
  rememberedMs: 200,
  rememberedRows: 3,
}

class Kept extends LiveCore implements Keeper {
  rows(table: string): Row[] {
    return [...this.rowsOf(table).records()] as Row[]
  }
}

const keeper = (seed: number, versionField: string | null, readsKeys: boolean): Kept =>
  new Kept(
    tableNames.map((name) => ({
      name,
      key: new RowKey('ID'),
      versionField,
      test: null,
      readsKeys,
    })),
    limits,
    seededRandom(seed),
  )

function failing(options: RaceOptions, make: (seed: number) => Keeper): string[] {
  return Array.from({ length: seeds }, (_, seed) => seed).flatMap((seed) => {
    const kept = make(seed)
    const race = new Race(seed, options, kept)
    race.run()
    const wrong = [...race.differences(), ...race.mistakenlySeen()]
    if (!kept.isSettled) wrong.push('not settled')
    return wrong.length > 0 ? [`seed ${seed}: ${wrong.join('; ')}`] : []
  })
}

const sources: readonly (readonly [string, RaceOptions, string | null])[] = [
  ['versions, and reads that say theirs', { versions: 'locked', readsBound: true }, null],
  ['versions of the commit, and such reads', { versions: 'committed', readsBound: true }, null],
  ['versions, and reads without', { versions: 'locked', readsBound: false }, null],
  ['a field with the version', { versions: 'locked', readsBound: false }, 'VERSION'],
  ['such a field, and reads that say theirs', { versions: 'locked', readsBound: true }, 'VERSION'],
  ['no versions at all', { versions: 'none', readsBound: false }, null],
  ['no versions but those of a field', { versions: 'none', readsBound: true }, 'VERSION'],
  ['some updates without one', { versions: 'locked', readsBound: true, unversionedEvery: 4 }, null],
]

it.each(sources)(
  'L1, L7: with %s, several writers leave the table as the database has it, and each commit is seen in it',
  (_, options, field) => {
    expect(failing(options, (seed) => keeper(seed, field, true))).toEqual([])
    expect(failing(options, (seed) => keeper(seed, field, false))).toEqual([])
  },
)

it('L1: the recipes that a live table replaces leave another one', () => {
  const versioned = { versions: 'locked', readsBound: false } as const
  expect(failing(versioned, () => new AsItComes()).length).toBeGreaterThan(seeds / 10)
  const unversioned = { versions: 'none', readsBound: false } as const
  expect(failing(unversioned, () => new SamePublisherApplies()).length).toBeGreaterThan(0)
})
