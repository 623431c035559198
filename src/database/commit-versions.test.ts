import { expect, it } from 'vitest'
import { descendingVersions } from './commit-versions.ts'

it('the last change has its position, and of those before it each has less than the next', () => {
  expect(descendingVersions([100n, 100n, 100n])).toEqual([98n, 99n, 100n])
  expect(descendingVersions([90n, 95n, 100n])).toEqual([90n, 95n, 100n])
  expect(descendingVersions([90n, 100n, 100n, 101n])).toEqual([90n, 99n, 100n, 101n])
  expect(descendingVersions([7n])).toEqual([7n])
  expect(descendingVersions([])).toEqual([])
})
