import { type Rule, rule } from './rule.ts'

const confirmed = 'src/database/capture/confirmed-position.test.ts'
const visible = 'src/database/capture/visible-transactions.test.ts'
const table = 'src/database/capture/captured-table.test.ts'
const assembly = 'src/database/capture/transaction-assembly.test.ts'

/** The capture of PostgreSQL: C1 to C3. */
export const captureRules: readonly Rule[] = [
  rule(
    'C1.1',
    'What somebody has not confirmed is not confirmed to the database',
    'a flush confirms when it has ended, however',
    [
      'database/capture/confirmed-position.ts',
      'if (missing.length > 0) {',
      'if (missing.length < 0) {',
    ],
    [
      confirmed,
      'C1: a flush that somebody has not confirmed confirms nothing, and is asked for again',
    ],
  ),
  rule(
    'C1.2',
    'A flush confirms what was published when it began',
    'it confirms all that was published when it ended',
    [
      'database/capture/confirmed-position.ts',
      'this.#confirm(mark)',
      'this.#confirm({ ...mark, position: this.#reached })',
    ],
    [confirmed, 'C1: nothing is confirmed that was published before its flush has ended'],
  ),
  rule(
    'C1.3',
    'A position at which nothing was for us is confirmed with what was published before it',
    'it is confirmed at once',
    [
      'database/capture/confirmed-position.ts',
      'if (!this.#isMarked) return\n    if (last) last.position',
      'if (!this.#isMarked) return this.#confirm({ position, bytes: 0 })\n    if (last) last.position',
    ],
    [
      confirmed,
      'C1: what passed behind an update that no flush stands for waits for the next flush',
    ],
  ),
  rule(
    'C2.1',
    'A transaction that runs, for others, is not visible, also where later ones are',
    'all below the highest number are visible',
    [
      'database/capture/visible-transactions.ts',
      '(whole < this.#to && !this.#running.has(whole))',
      'whole < this.#to',
    ],
    [visible, 'C2: of the snapshot 10:14:11,12 the transaction 11 is visible: false'],
  ),
  rule(
    'C2.2',
    'Numbers of transactions begin anew after 32 bits: the nearest one is meant',
    'that of the same round is meant',
    [
      'database/capture/visible-transactions.ts',
      'if (whole > this.#to + half) return whole - 2n * half',
      'if (whole < 0n) return whole',
    ],
    [visible, 'C2: numbers of 32 bits are those that are nearest, where they have begun anew'],
  ),
  rule(
    'C3.1',
    'A row whose large value was not sent is a reset of it, under both of its keys',
    'the value is null',
    [
      'database/capture/captured-table.ts',
      'if (after?.includes(undefined))',
      'if (after?.includes(undefined) && this.#key.length === 0)',
    ],
    [table, 'C3: a large value that was not sent is a reset of the row, of the old key too'],
  ),
  rule(
    'C3.2',
    'A row of a table with a generated column, which is not sent, is a reset of it',
    'it is published without that column',
    [
      'database/capture/captured-table.ts',
      'if (after && this.#neverWhole !== null)',
      'if (!after)',
    ],
    [
      table,
      'C3: with a generated column, which is not sent, each change of a row is a reset of it; a delete is a delete',
    ],
  ),
  rule(
    'C3.3',
    'Of a transaction that is too large all of its tables are resets',
    'only those are that change when it has become too large',
    [
      'database/capture/transaction-assembly.ts',
      'for (const row of this.#rows) this.#tooLarge(row.relation)',
      'this.#tooLarge(relation)',
    ],
    [
      assembly,
      'C3: of a transaction that is too large only its tables are kept, and the next one is whole',
    ],
  ),
]
