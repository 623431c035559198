import { type Rule, rule } from './rule.ts'

const subscriberTicks = 'src/subscriber/subscriber-ticks.test.ts'
const readiness = 'src/subscriber/readiness.test.ts'
const subscription = 'src/subscriber/subscribed-tables.test.ts'
const roundTrip = 'src/subscriber/round-trip.test.ts'
const links = 'src/cluster/links/relay-links.test.ts'
const renewal = 'src/subscriber/path-renewal.test.ts'

/** When a subscription is ready, and how its paths are kept: D11, D12. */
export const pathRules: readonly Rule[] = [
  rule(
    'D11.1',
    '`ready` waits for the roster to be settled',
    'it does not',
    [
      'subscriber/readiness.ts',
      'if (this.#awaited === null && change.settled) {',
      'if (this.#awaited === null) {',
    ],
    [readiness, 'D11: waits for the roster to settle, whoever has answered'],
  ),
  rule(
    'D11.2',
    '`ready` waits for the vector of each publisher',
    'marks are enough',
    [
      'subscriber/readiness.ts',
      'return source.unproven.size === 0',
      "return [...source.unproven].every((topic) => typeof topic === 'symbol')",
    ],
    [subscription, 'D11: does not come from marks without a vector'],
  ),
  rule(
    'D11.3',
    '`ready` waits for a mark on every topic',
    'one answer is enough',
    [
      'subscriber/readiness.ts',
      'return source.unproven.size === 0',
      "return ![...source.unproven].some((topic) => typeof topic === 'symbol')",
    ],
    [subscription, 'D11: comes when every publisher of the roster has answered on every topic'],
  ),
  rule(
    'D11.4',
    '`ready` waits for every process of the roster that publishes',
    'it waits for one of them',
    [
      'subscriber/readiness.ts',
      'for (const incarnation of this.#awaited) {',
      'for (const incarnation of [...this.#awaited].slice(1)) {',
    ],
    [subscription, 'D11: comes when every publisher of the roster has answered on every topic'],
  ),
  rule(
    'D11.5',
    '`ready` waits for nobody who has ended or is gone',
    'it waits for ever',
    [
      'subscriber/readiness.ts',
      'if (!source || source.isOver) return true',
      'if (!source) return true',
    ],
    [subscription, 'D11: waits for nobody who ended'],
  ),
  rule(
    'D11.6',
    '`ready` waits for nobody who only subscribes',
    'it does',
    [
      'subscriber/subscribed-tables.ts',
      'if (entry.publishes.length === 0 && !(',
      'if (entry.publishes.length < 0 && !(',
    ],
    [readiness, 'D11: waits for nobody who only subscribes'],
  ),
  rule(
    'D11.7',
    'While `ready` waits, it says every 5 s for whom',
    'it says so once',
    [
      'subscriber/readiness.ts',
      'this.#reportAt = now + this.#limits.waitingReportMs\n    this.#output',
      'this.#reportAt = Infinity\n    this.#output',
    ],
    [readiness, 'D11: waits for as long as it takes and says for whom, every 5 s'],
  ),
  rule(
    'D11.8',
    '`ready` rejects when the subscription is stopped, aborted or closed before',
    'it waits for ever',
    ['queue/subscription-handle.ts', 'if (!this.#isReady)', 'if (this.#isReady)'],
    [
      'src/queue/composed-queue.test.ts',
      'D11: rejects ready when it is stopped, aborted or closed before',
    ],
  ),
  rule(
    'D12.1',
    'A topic that stays unproven is a path to make anew, hop by hop',
    'it is asked for on the same path for ever',
    [
      'subscriber/path-renewal.ts',
      'const unproven = source.unproven.size > 0 &&',
      'const unproven = source.unproven.size < 0 &&',
    ],
    [renewal, 'D12: is made anew hop by hop: elsewhere the link'],
  ),
  rule(
    'D12.2',
    'All hops that the layer names are tried, in its order: in a mesh our connection to the publisher, then the publisher',
    'only the first is',
    [
      'subscriber/path-renewal.ts',
      'const hops = [null, ...this.#output.hops(incarnation)]',
      'const hops = [null, ...this.#output.hops(incarnation).slice(0, 1)]',
    ],
    [renewal, 'D12: is made anew hop by hop: in a mesh both ends of the one connection'],
  ),
  rule(
    'D12.3',
    'Hops are 0.7 s apart, doubled each round, up to 8 s',
    'they are never further apart',
    [
      'subscriber/path-renewal.ts',
      'this.#limits.renewEveryMs * 2 ** round',
      'this.#limits.renewEveryMs',
    ],
    [renewal, 'D12: has 0.7 s between two hops, doubled each round, up to 8 s'],
  ),
  rule(
    'D12.4',
    'A stalled publisher has its path made anew at once',
    'a publisher that is silent is waited for',
    [
      'subscriber/path-renewal.ts',
      "if ((source.state !== 'stalled' && !unproven) ||",
      'if (!unproven ||',
    ],
    [renewal, 'D12: has its path made anew at once when it is stalled'],
  ),
  rule(
    'D12.5',
    'Our own connection to the node is cut only where nothing behind it is heard',
    'it is cut for one silent publisher',
    ['subscriber/path-renewal.ts', 'if (isOnWayOf(other)) return true', ''],
    [renewal, 'D12: never has our own connection cut while another one behind it is heard'],
  ),
  rule(
    'D12.6',
    'Our subscriptions are the first hop: those to unproven topics, and to the reply topic, are sent again',
    'those to update topics are left',
    [
      'subscriber/subscriber.ts',
      '      ...topics.map((table) => (table === null ? allUpdatesTopic : updateTopic(table))),\n',
      '',
    ],
    [subscriberTicks, 'D12: is sent again, for the topics that are not proven and the reply topic'],
  ),
  rule(
    'D12.7',
    'Hops are no closer than an answer takes by the round trips that were measured',
    'they are as close as on one host',
    [
      'subscriber/path-renewal.ts',
      'source.renewals.renewed(now + source.pauseMs(least))',
      'source.renewals.renewed(now + least)',
    ],
    [roundTrip, 'D12: has hops of its path made anew no faster than an answer can come'],
  ),
  rule(
    'D12.8',
    'A link that is being made, or has just been made, is not made anew',
    'it is, whoever asks',
    ['cluster/links/relay-links.ts', 'if (!link?.mayRenew(now) ||', 'if (!link ||'],
    [links, 'D12: a link is not made anew before it has had its time'],
  ),
  rule(
    'D12.9',
    'Topics are asked for anew once for all publishers',
    'each publisher has them asked for anew',
    [
      'subscriber/path-renewal.ts',
      'if (this.#isDue(topics, now)) this.#output',
      'if (this.#isDue(topics, now) || topics) this.#output',
    ],
    [renewal, 'D12: are asked for anew once for all of them, and again after 2 s at the earliest'],
  ),
  rule(
    'D12.10',
    'The subscription to the heartbeats is sent again with them: no answer tells that they do not come',
    'it is not: a publisher that lives falls silent for ever again',
    [
      'subscriber/subscriber.ts',
      '      allStatusTopic, // No answer proves it',
      '      // No answer proves it',
    ],
    [subscriberTicks, 'D12: is sent again for the heartbeats, of which no answer tells'],
  ),
]
