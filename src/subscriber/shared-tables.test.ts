import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { SharedTables } from './shared-tables.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

it('has one set for all who name the same tables, in whatever order', () => {
  const shared = new SharedTables()
  const one = shared.of(['A', 'B'])
  expect([...one]).toEqual(['A', 'B'])
  expect(shared.of(['B', 'A', 'B'])).toBe(one)
  expect(shared.of(one)).toBe(one)
  expect(shared.of(['A,B'])).not.toBe(one)
  expect(shared.of([])).not.toBe(one)
  expect(shared.size).toBe(3)
})

it('keeps no set that nobody has any more', async () => {
  const shared = new SharedTables()
  const kept = shared.of(['kept'])
  for (let number = 0; number < 100; number++) shared.of([`T${number}`])
  // What a program reads through a weak reference stays until its job is over, and what is collected is told later.
  while (shared.size > 1) {
    await new Promise(setImmediate)
    collect()
  }
  expect(shared.of(['kept'])).toBe(kept)
})
