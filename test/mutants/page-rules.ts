import { type Rule, rule } from './rule.ts'

const handler = 'src/web/live-handler.test.ts'
const response = 'src/web/live-response.test.ts'
const page = 'src/browser/page-table.test.ts'

/** Live tables in pages: V1 to V6. */
export const pageRules: readonly Rule[] = [
  rule(
    'V1.1',
    'A stream goes on behind the last event of its page',
    'it begins with all rows',
    [
      'web/row-feed.ts',
      'const from = lastEventId === null ? null :',
      "const from = lastEventId !== '' ? null :",
    ],
    [handler, 'V1: goes on where it stopped (after)'],
  ),
  rule(
    'V1.2',
    'Browsers that go on by themselves say so in a header',
    'the header is not looked at',
    ['web/live-streams.ts', "lastEventId || query.get('after')", "query.get('after')"],
    [handler, 'V1: goes on where it stopped (Last-Event-ID)'],
  ),
  rule(
    'V2.1',
    'Who lacks what is not kept gets the rows that have changed',
    'it gets all of them',
    [
      'web/changed-keys.ts',
      'if (number < this.#knownFrom) return null',
      'if (number < 9) return null',
    ],
    [handler, 'V2: gets each changed row once, as it is now'],
  ),
  rule(
    'V2.2',
    'What is not known any more is not passed over',
    'it gets what is remembered',
    ['web/changed-keys.ts', 'this.#knownFrom = forgotten', 'this.#knownFrom = forgotten * 0'],
    [handler, 'V2: gets the rows anew where nobody knows'],
  ),
  rule(
    'V2.3',
    'A step that is large is not written down for all at once',
    'each step is one event',
    ['web/row-feed.ts', 'if (size > this.#options.limits.stepRows)', 'if (size > Infinity)'],
    [handler, 'V2: gets each changed row once, as it is now'],
  ),
  rule(
    'V2.4',
    'A body takes so much until it is read',
    'it takes all rows',
    ['web/readable-sink.ts', 'const roomBytes = 64 * 1024', 'const roomBytes = 64 * 1024 * 1024'],
    [response, 'V2: of a body that nobody reads'],
  ),
  rule(
    'V3.1',
    'A row that a page may not see is not told',
    'each is told',
    ['web/shown-rows.ts', 'this.#test === null ||', 'this.#test !== undefined ||'],
    [handler, 'V3: a page gets the rows that pass'],
  ),
  rule(
    'V3.2',
    'Nor is told that it has gone',
    'its key is told',
    ['web/row-feed.ts', 'was !== undefined && rows.includes(was)', 'was !== undefined'],
    [handler, 'V3: a page gets the rows that pass'],
  ),
  rule(
    'V3.3',
    'True alone admits to all rows',
    'whatever is true does',
    ['web/live-streams.ts', 'if (admitted === true)', 'if (admitted)'],
    [handler, 'V3: "yes" admits nobody'],
  ),
  rule(
    'V3.4',
    'A condition without a value admits nobody',
    'it is passed over',
    [
      'web/live-streams.ts',
      'condition === undefined || hasUndefined(condition)',
      'hasUndefined(condition)',
    ],
    [handler, 'V3: a condition that has a value that is undefined'],
  ),
  rule(
    'V3.5',
    'Nor does one of which an operator has no value',
    'the others count',
    [
      'web/live-streams.ts',
      'condition === undefined || hasUndefined(condition)',
      'condition === undefined',
    ],
    [handler, 'V3: a condition that has an operator without a value'],
  ),
  rule(
    'V4.1',
    'A row without its key is not told',
    'pages get it',
    [
      'web/shown-rows.ts',
      'if (ownField(shown, field) !== ownField(record, field))',
      'if (ownField(shown, field) === this)',
    ],
    [handler, 'V4: a map that takes the key away'],
  ),
  rule(
    'V5.1',
    'A page is live when all that it lacked is there',
    'it is so with the first step',
    [
      'browser/page-table.ts',
      '      if (this.#isInStep) this',
      '      if (told.whole !== true) this',
    ],
    [page, 'V5: a page that loses its connection says so'],
  ),
  rule(
    'V5.2',
    'Of all rows anew those that are not there are gone',
    'listeners are not told of them',
    ['browser/page-rows.ts', 'if (!this.#byKey.has(text)) changes', 'if (text === null) changes'],
    [page, 'V5: after the server was started anew'],
  ),
  rule(
    'V6.1',
    'Silence ends a connection',
    'it is waited for',
    [
      'browser/page-connection.ts',
      'this.#cancel = clock.after(silentMs,',
      'this.#cancel = clock.after(Infinity,',
    ],
    [page, 'V6: a connection that is gone without a word'],
  ),
  rule(
    'V6.2',
    'A page asks when the network is back, and does not wait',
    'it waits for its turn',
    ['browser/page-connection.ts', 'if (this.#attempt === null) {', 'if (this.#isClosed) {'],
    [page, 'V6: a page is stale at once'],
  ),
]
