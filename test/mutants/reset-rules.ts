import { type Rule, rule } from './rule.ts'

const delivery = 'src/subscriber/resets.test.ts'
const queue = 'src/queue/reset.test.ts'

/** What a publisher cannot tell: D26. */
export const resetRules: readonly Rule[] = [
  rule(
    'D26.1',
    'A reset is told as a loss of its own sequence, with its text, in its place',
    'it is taken for what cannot be read',
    [
      'subscriber/parcel-delivery.ts',
      '    if (batch.reset) {',
      '    if (batch.reset && skip > 0) {',
    ],
    [delivery, 'D26: is told as a loss of its own sequence, in its place'],
  ),
  rule(
    'D26.2',
    'It comes behind all updates of its commit: what is read because of it has them',
    'it comes before them',
    ['subscriber/parcel-losses.ts', 'group.commit > commit)', 'group.commit >= commit)'],
    [delivery, 'D26: comes behind all updates of its commit, and before those of later commits'],
  ),
  rule(
    'D26.3',
    'It has the last sequence of its commit in its table, wherever it stood in the call',
    'it has the first',
    [
      'publisher/open-parcel.ts',
      '    for (const closed of open.writer.take()) open.closed.push(closed)\n    open.closed.push(rows)',
      '    open.closed.push(rows)\n    for (const closed of open.writer.take()) open.closed.push(closed)',
    ],
    [delivery, 'D26: comes behind all updates of its commit, and before those of later commits'],
  ),
  rule(
    'D26.4',
    'A commit is whole with its resets',
    'its resets are what it lacks',
    [
      'subscriber/parcel-delivery.ts',
      'read.push(new ReadBatch(batch, skip, updates))',
      'if (!batch.reset) read.push(new ReadBatch(batch, skip, updates))',
    ],
    [delivery, 'D26: leaves its commit whole'],
  ),
  rule(
    'D26.5',
    'It is retained and sent again as an update is',
    'what is sent again says nothing of it',
    [
      'wire/frames/message-codec.ts',
      'batches.push(batch)',
      'batches.push({ ...batch, reset: undefined })',
    ],
    [delivery, 'D26: that did not arrive is sent again, the same'],
  ),
  rule(
    'D26.6',
    'Where it is lost, that is told as of an update, and its commit is not whole',
    'a commit is whole without its resets',
    ['subscriber/commit-grouping.ts', 'here !== expected, ', 'here + 1 < expected, '],
    [delivery, 'D26: that is no longer retained is lost as an update is, and cuts its commit'],
  ),
  rule(
    'D26.7',
    'No filter keeps it back',
    'it counts as kept back',
    [
      'subscriber/parcel-delivery.ts',
      '          else bytes += this.#weigh',
      '          bytes += this.#weigh',
    ],
    [queue, 'D26: passes every filter, and what is selected'],
  ),
  rule(
    'D26.8',
    'Several of one table in a commit are one: of the keys of all, or of the whole table where one is',
    'one of the whole table adds nothing',
    ['publisher/commit-resets.ts', '  if (texts === null) reset.keys = null\n', ''],
    [queue, 'D26: several of one table in one commit are one, of the keys of all'],
  ),
  rule(
    'D26.9',
    'One of more keys than are worth while is of the whole table',
    'it has as many as it is given',
    [
      'publisher/commit-resets.ts',
      'reset.keys.size > wireLimits.maxResetKeys ||',
      'reset.keys.size < 0 ||',
    ],
    [queue, 'D26: of more keys than are worth while is of the whole table; a long reason is cut'],
  ),
  rule(
    'D26.10',
    'What its keys take counts against the limit of the application',
    'keys take nothing',
    [
      'subscriber/parcel-losses.ts',
      'this.#all.push({ loss, commit, bytes })',
      'this.#all.push({ loss, commit, bytes: 0 * bytes })',
    ],
    [queue, 'D26: what its keys take counts against the limit of a slow application'],
  ),
]
