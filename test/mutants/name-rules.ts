import { type Rule, rule } from './rule.ts'

const registry = 'src/cluster/roster/registry.test.ts'
const nameClaims = 'src/cluster/roster/name-claims.test.ts'
const plane = 'src/cluster/roster/cluster-roster.test.ts'

/** Who has a name: D30. */
export const nameRules: readonly Rule[] = [
  rule(
    'D30.1',
    'Whoever does not answer for a name in time loses it to the one who asks, and has ended',
    'it keeps the name',
    [
      'cluster/roster/name-claims.ts',
      "return now - at < answerWithinMs ? 'waiting' : { why }",
      "return now < Infinity ? 'waiting' : { why }",
    ],
    [nameClaims, 'D30: is lost by whoever does not answer in time, which has ended'],
  ),
  rule(
    'D30.2',
    'Whoever has lost its name is told so when it comes back',
    'it is taken back',
    [
      'cluster/roster/registry.ts',
      'return heir === undefined ? null',
      'return heir !== undefined ? null',
    ],
    [nameClaims, 'D30: whoever has lost it is told so when it comes back'],
  ),
  rule(
    'D30.3',
    'The name of a process that leaves is waited for',
    'it is refused',
    [
      'cluster/roster/name-claims.ts',
      "if (holder.state !== 'leaving') return 'taken'",
      "if (holder.state !== 'gone') return 'taken'",
    ],
    [nameClaims, 'D30: is waited for while its process is leaving, and had when that has ended'],
  ),
  rule(
    'D30.4',
    'Who comes back after its connection had ended lives on, as long as nobody has its name',
    'it has ended for good',
    [
      'model/roster-entry.ts',
      "state === 'ended' && last !== null",
      "state === 'ended' && last !== undefined",
    ],
    [registry, 'D30: who was taken for dead and lives is back, as long as nobody has its name'],
  ),
  rule(
    'D30.5',
    'Nobody loses a name for the time in which GENESIS_CLUSTER itself stood still',
    'the time is charged',
    ['cluster/roster/registry.ts', 'if (late > 0) this.#claims.excuse(late)', ''],
    [nameClaims, 'D30: is not lost for the time in which we stood still'],
  ),
  rule(
    'D30.6',
    'GENESIS_CLUSTER of the last run has ended: nobody adopts itself',
    'it is waited for',
    [
      'cluster/roster/cluster-roster.ts',
      "if (entry.role === 'cluster') {",
      "if (entry.role === 'cluster' && entry.pid < 0) {",
    ],
    [plane, 'D30: who was GENESIS_CLUSTER in the last run has ended'],
  ),
  rule(
    'D30.7',
    'Who is known from the file only and does not come back has ended: it may have published unheard',
    'touch with it is lost, which says nothing of it',
    [
      'cluster/roster/registry.ts',
      'silence >= goneAfterMs && isUnheard(local)',
      'silence >= goneKeptMs && isUnheard(local)',
    ],
    [registry, 'D30: one that does not come back after a restart has ended'],
  ),
  rule(
    'D30.8',
    'One that was leaving comes back after its connection had ended, too, and ends in good order',
    'it is refused',
    [
      'cluster/roster/registry.ts',
      "known.last !== null && registration.state === 'alive'",
      'known.last !== null',
    ],
    [registry, 'D30: one that was leaving is back, too, and ends in good order'],
  ),
  rule(
    'D30.9',
    'A message that is read behind a later one of its process says nothing',
    'it leads the process back to a connection that has ended',
    ['cluster/roster/latest-messages.ts', 'id < (this.#ids.get(incarnation) ?? 0)', 'id < 0'],
    [registry, 'D30: an old one that is read last does not put a live process on'],
  ),
  rule(
    'D30.10',
    'What is read behind the end of its connection brings nobody back',
    'it does',
    [
      'cluster/roster/registry.ts',
      'local.absentSince !== null && local.route === route',
      "local.absentSince !== null && route === ''",
    ],
    [
      registry,
      'D30: what is read behind the end of its connection does not bring a dead process back',
    ],
  ),
  rule(
    'D30.11',
    'All names that were registered on one connection end with it',
    'the last one does',
    [
      'cluster/roster/registration-routes.ts',
      'if (bearers) bearers.add(incarnation)',
      'if (bearers) this.#bearers.set(route, new Set([incarnation]))',
    ],
    [registry, 'D30: all names on one connection end with it'],
  ),
  rule(
    'D30.12',
    'When a connection has ended all are asked once more: the word of it may come before its socket knows',
    'they are asked once',
    [
      'cluster/roster/cluster-roster.ts',
      '    // The word of the end may come before the socket knows it: once more from the tick.\n    this.#isConnectionMissing = true',
      '',
    ],
    [
      plane,
      'D30: when a connection has ended all are asked at once, and once more when the socket',
    ],
  ),
  rule(
    'D30.13',
    'Of the intake of the last run nobody knows the last numbers',
    'it has ended in good order',
    [
      'cluster/roster/cluster-roster.ts',
      'const last = entry.publishes.length === 0 ? [] : null',
      'const last = [] as const',
    ],
    [plane, 'D30: nobody knows the last numbers of what foreign programs published'],
  ),
]
