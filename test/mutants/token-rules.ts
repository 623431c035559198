import { type Rule, rule } from './rule.ts'

const awaited = 'src/subscriber/awaited-commits.test.ts'
const seen = 'src/queue/seen.test.ts'
const token = 'src/wire/commit-token.test.ts'

/** Who waits for a commit: D27. */
export const tokenRules: readonly Rule[] = [
  rule(
    'D27.1',
    'A commit is seen when all of it in the tables of the subscription was delivered',
    'one of its tables is enough',
    ['subscriber/awaited-commits.ts', 'return wanted.every(', 'return wanted.some('],
    [awaited, 'D27: is seen when all of it in the tables of the subscription was delivered'],
  ),
  rule(
    'D27.2',
    'It is seen where a base is behind it',
    'only what was delivered counts',
    ['subscriber/awaited-commits.ts', 'stream.base !== null &&', 'stream.base === 0 &&'],
    [awaited, 'D27: is seen where a base is behind it'],
  ),
  rule(
    'D27.3',
    'It is seen where an open loss that was told stands for it',
    'an open loss is waited out',
    ['subscriber/awaited-commits.ts', 'stream.openLossFrom !== undefined || ', ''],
    [awaited, 'D27: is seen where an open loss stands for it'],
  ),
  rule(
    'D27.4',
    'Of a publisher that is over it is seen when all that is lost has been told',
    'it is waited for',
    [
      'subscriber/awaited-commits.ts',
      'return source.isOver && !source.openLosses.areOwed',
      'return false',
    ],
    [awaited, 'D27: is seen where an open loss stands for it'],
  ),
  rule(
    'D27.5',
    'It is seen when the application has taken it, not when it was delivered',
    'it need not be taken',
    [
      'subscriber/subscriber.ts',
      'behindDelivered: (commit) => sink.updates([], false, 0, [{ stream: commit, last: 0 }]),',
      'behindDelivered: (commit) => commit.consume(),',
    ],
    [seen, 'D27: resolves when the application has taken all of the commit'],
  ),
  rule(
    'D27.6',
    'It is refused where nobody is known who could have published it, after as long as a publisher may be silent',
    'it is waited for',
    ['subscriber/awaited-commits.ts', 'if (!source) return true', 'if (!source) return false'],
    [awaited, 'D27: is refused where no publisher is known that could have published it'],
  ),
  rule(
    'D27.7',
    'It is refused where its publisher is heard and has not published so much',
    'it is waited for',
    [
      'subscriber/awaited-commits.ts',
      "if (source.state !== 'live') return false",
      'if (source) return false',
    ],
    [awaited, 'D27: is refused where its publisher is heard, and has not published so much'],
  ),
  rule(
    'D27.8',
    'What is known to exist is waited for as long as it takes',
    'it is refused when it takes long',
    ['subscriber/awaited-commits.ts', '?.known ?? 0) < last', '?.known ?? 0) <= last'],
    [awaited, 'D27: is waited for as long as what is known to exist does not come'],
  ),
  rule(
    'D27.9',
    'Where a token does not name all tables, and none of the subscription, that is refused',
    'it counts as seen',
    ['subscriber/awaited-commits.ts', 'if (hasMore && ', 'if (hasMore && !streams && '],
    [awaited, 'D27: of more tables than its token names is one of those that it names'],
  ),
  rule(
    'D27.10',
    'Our own commits are seen at once by who does not want them',
    'they are waited for',
    ['subscriber/subscriber.ts', '(!own && incarnation === this.#id) || ', ''],
    [seen, 'D27: resolves where nothing of the commit passes, or it is our own and not wanted'],
  ),
  rule(
    'D27.11',
    'A token that was changed or cut is refused',
    'its checksum is not looked at',
    [
      'wire/commit-token.ts',
      'if (bytes.readUInt32LE(end) !== zlib.crc32(bytes.subarray(0, end))) return null',
      '',
    ],
    [token, 'D27: that is not as it was given is none'],
  ),
  rule(
    'D27.12',
    'A token has fewer than 1,024 characters',
    'it has as many as its tables take',
    ['wire/commit-token.ts', 'while (out.length > most) {', 'while (out.length > 99 * most) {'],
    [token, 'D27: has fewer than 1,024 characters, and says that it leaves tables out'],
  ),
  rule(
    'D27.13',
    'A token names the last sequence that the commit has in each of its tables',
    'it names the last but one',
    [
      'publisher/publisher.ts',
      'last: this.#number(table, updates) }',
      'last: this.#number(table, updates) - 1 }',
    ],
    [seen, 'D27: is told by a token of the last sequence that the commit has in each table'],
  ),
]
