import { type Rule, rule } from './rule.ts'

const gateway = 'src/gateway/gateway.test.ts'
const bounds = 'src/gateway/bounds.test.ts'
const admission = 'src/gateway/admission.test.ts'
const clusterRoutes = 'src/gateway/cluster-routes.test.ts'

/** Streams and requests of `tidings gateway`: G1 to G5. */
export const gatewayRules: readonly Rule[] = [
  rule(
    'G1.1',
    'A stream goes on behind the last event of its reader',
    'it begins now, whatever its reader has',
    ['gateway/feed.ts', 'from: stoppedAt ?? kept.last }', 'from: kept.last }'],
    [gateway, 'G1: goes on exactly where it stopped'],
  ),
  rule(
    'G1.2',
    'What is not known any more is told first, as a loss',
    'nothing is said of it',
    [
      'gateway/feed.ts',
      'if (lastEventId !== null && stoppedAt === null)',
      "if (lastEventId === '' && stoppedAt === null)",
    ],
    [gateway, 'G1: with an id that nobody gave'],
  ),
  rule(
    'G1.3',
    'The number of an event counts within one life of its feed',
    'it counts in each',
    [
      'streams/shared-events.ts',
      'const isOurs = feed === this.id && ',
      "const isOurs = feed !== '' && ",
    ],
    [gateway, 'G1: with an id of another life of the gateway'],
  ),
  rule(
    'G1.4',
    'What is not kept any more is not passed over',
    'the stream goes on with what is kept',
    ['streams/kept-events.ts', ' && number >= this.#oldest - 1', ''],
    [gateway, 'G1: says the same where what it lacks is not kept any more'],
  ),
  rule(
    'G2.1',
    'Of a feed the oldest events go, and who still waits for them is closed',
    'all of them are kept',
    [
      'streams/shared-events.ts',
      'this.kept.bytes > limits.feedKeptBytes &&',
      'this.kept.bytes === Infinity &&',
    ],
    [gateway, 'G1: says the same where what it lacks is not kept any more'],
  ),
  rule(
    'G2.2',
    'What comes at once makes nobody slow: it is kept for a moment in any case',
    'it goes as soon as it is too much',
    [
      'streams/shared-events.ts',
      '(this.kept.oldestAt ?? Infinity) < before',
      'this.kept.oldestAt !== null && before > -Infinity',
    ],
    [bounds, 'G2: that keeps up gets all of a burst'],
  ),
  rule(
    'G2.3',
    'Of all feeds the one that keeps most gives way',
    'the one that keeps least does',
    [
      'streams/feed-set.ts',
      'events.kept.bytes > largest.kept.bytes',
      'events.kept.bytes < largest.kept.bytes',
    ],
    [bounds, 'G2: keep so much in all'],
  ),
  rule(
    'G3.1',
    'A request is done once under its key',
    'it is done as often as it comes',
    [
      'gateway/kept-answers.ts',
      'if (known) return known.answer',
      "if (known && key === '') return known.answer",
    ],
    [gateway, 'G3: an Idempotency-Key publishes once'],
  ),
  rule(
    'G3.2',
    'A key is of one request',
    'another request gets the answer of the first',
    ['gateway/kept-answers.ts', 'known.digest !== digest', "known.digest === ''"],
    [gateway, 'G3: an Idempotency-Key publishes once'],
  ),
  rule(
    'G3.3',
    'The key of a request that did nothing is free',
    'it is kept with the refusal',
    ['gateway/kept-answers.ts', 'if (!hasPublished(error)) this', 'if (hasPublished(error)) this'],
    [gateway, 'G3: a key whose request was refused whole'],
  ),
  rule(
    'G3.4',
    'Confirmed is what all have confirmed',
    'it is what somebody was asked for',
    ['gateway/publishing.ts', 'missing.length === 0 ? 200 : 202', '200'],
    [gateway, 'G3: confirm waits for all subscribers'],
  ),
  rule(
    'G4.1',
    'A name that a browser may have been told to look up here is refused',
    'every name is taken',
    ['gateway/admission.ts', 'if (!isThisHostName(host) && ', 'if (host === undefined && '],
    [admission, 'G4: "rebound.example.org", which a browser'],
  ),
  rule(
    'G4.2',
    'A page of another origin is refused',
    'every page may ask',
    [
      'gateway/admission.ts',
      'return origin === undefined || origin === `${scheme}://${host}`',
      'return scheme !== host',
    ],
    [admission, 'G4: of another page is refused'],
  ),
  rule(
    'G4.3',
    'So is what a page loads as a picture or a script, which has no origin',
    'it is taken for no page',
    ['gateway/admission.ts', "site !== 'same-origin' && ", "site === 'same-origin' && "],
    [admission, 'G4: of none, from a page of elsewhere'],
  ),
  rule(
    'G4.4',
    'Where there are tokens nothing is answered without one, probes aside',
    'everything is',
    ['gateway/admission.ts', 'tokens?.admits(authorization) ?? true', 'tokens !== undefined'],
    [admission, 'G4: let in who has one of the file'],
  ),
  rule(
    'G5.1',
    'GENESIS_CLUSTER is asked once a second at most, however many ask',
    'it is asked for each',
    ['gateway/cluster-answers.ts', 'now - this.#askedAt >= this.#keptMs', 'now >= 0'],
    [clusterRoutes, 'G5: answers the state of the cluster'],
  ),
  rule(
    'G5.2',
    'Who watches the cluster is told that nobody knows',
    'what was known stays',
    ['gateway/cluster-feed.ts', "name: 'unknown',", "name: 'cluster',"],
    [clusterRoutes, 'G5: who watches is told at once'],
  ),
  rule(
    'G5.3',
    'Where nobody watches nobody is asked',
    'it is asked on and on',
    ['gateway/cluster-feed.ts', 'if (this.events.readers === 0) {', 'if (this.#isAsking) {'],
    [clusterRoutes, 'G5: where nobody watches'],
  ),
  rule(
    'G5.4',
    'Who comes when nobody has watched is not told what was so then',
    'it is kept',
    [
      'gateway/cluster-feed.ts',
      "      this.events.kept.clear()\n      this.#told = ''\n      return",
      '      return',
    ],
    [clusterRoutes, 'G5: who comes when nobody has watched for a while'],
  ),
]
