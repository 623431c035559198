import { type Rule, rule } from './rule.ts'

const conflation = 'src/queue/conflation.test.ts'

/** What is folded of a key: D25. */
export const versionRules: readonly Rule[] = [
  rule(
    'D25.1',
    'Of the updates of one key the one with the highest version is the last, whatever came first',
    'it is the one that came last',
    ['queue/conflation.ts', 'if (!isOlder(update, entry)) {', 'if (entry) {'],
    [conflation, 'D25: order the updates of one publisher, whichever comes first'],
  ),
  rule(
    'D25.2',
    'Of equal versions, and where one is missing, it is the one that came last',
    'it is the first of equal ones',
    [
      'queue/conflation.ts',
      'return later.version < earlier.version',
      'return later.version <= earlier.version',
    ],
    [conflation, 'D25: that are equal, or missing, leave it to the later'],
  ),
  rule(
    'D25.3',
    'The highest version is remembered behind an update that has none',
    'it is forgotten',
    [
      'queue/conflation.ts',
      'entry.version = update.version ?? entry.version',
      'entry.version = update.version',
    ],
    [conflation, 'D25: are not forgotten behind an update that has none'],
  ),
]
