import { type Rule, rule } from './rule.ts'

const conflation = 'src/queue/conflation.test.ts'
const byVersion = 'src/queue/conflation-versions.test.ts'
const foldedAtOnce =
  'D25: leave a copy that compares nothing as versions would, where they are folded at once'

/** What is folded of a key: D25. */
export const versionRules: readonly Rule[] = [
  rule(
    'D25.1',
    'Of the updates of one key the one with the highest version is the last, whatever came first',
    'it is the one that came last',
    ['queue/conflation.ts', 'if (!isOlder(update, known)) {', 'if (entry) {'],
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
      'known.version = update.version ?? known.version\n      entry.version',
      'known.version = update.version\n      entry.version',
    ],
    [conflation, 'D25: are not forgotten behind an update that has none'],
  ),
  rule(
    'D25.4',
    'The highest version is handed over with such an update, so that a copy can compare what comes later',
    'that of the latest update is',
    ['queue/conflation.ts', '    version,\n    kind: kindOf', '    kind: kindOf'],
    [byVersion, 'D25: the highest version is handed over, also where the latest update has none'],
  ),
  rule(
    'D25.5',
    'A change of a key that is older than what is known of either key changes nothing under that one',
    'it is taken for the newer one',
    [
      'queue/conflation.ts',
      'const isLateThere = there !== undefined && isOlder(update, there)',
      'const isLateThere = false',
    ],
    [byVersion, foldedAtOnce],
  ),
  rule(
    'D25.6',
    'Behind a change of a key the versions of both keys are remembered',
    'they are forgotten',
    [
      'queue/conflation.ts',
      'else if (isOlder(update, known)) this.#passOver',
      'else if (known.entry.count < 0) this.#passOver',
    ],
    [byVersion, foldedAtOnce],
  ),
  rule(
    'D25.7',
    'Where a key cannot be read, nothing of what waits is lost',
    'all behind it is',
    [
      'queue/waiting-deliveries.ts',
      '        this.#items.push(item)\n      }\n    }',
      '      }\n    }',
    ],
    [
      'src/queue/waiting-deliveries.test.ts',
      'D25: where a key cannot be read, all of what waits is handed over',
    ],
  ),
]
