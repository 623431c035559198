import type { Mutant } from './planted.ts'

/** A rule of the wire or of the delivery protocol, the change that takes it out, and the test that sees it. */
export interface Rule extends Mutant {
  /** The rule, in a sentence. */
  readonly says: string
  readonly test: TestOfRule
}

/** Of a test, a part of its full name that no other test of its file has; or the simulator, by its seeds. */
export type TestOfRule =
  { readonly file: string; readonly name: string } | { readonly seeds: number }

/** `change`: file below `src/`, text that stands in it once, text in its place. */
export function rule(
  number: string,
  says: string,
  name: string,
  [file, from, to]: readonly [file: string, from: string, to: string],
  [testFile, testName]: readonly [file: string, name: string] | readonly [seeds: number],
): Rule {
  const test =
    typeof testFile === 'number' ? { seeds: testFile } : { file: testFile, name: testName ?? '' }
  return { rule: number, says, name, file, from, to, test }
}
