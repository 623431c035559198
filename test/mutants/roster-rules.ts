import { type Rule, rule } from './rule.ts'

const subscriber = 'src/subscriber/subscriber.test.ts'
const subscriberRoster = 'src/subscriber/subscriber-roster.test.ts'
const endings = 'src/subscriber/endings.test.ts'
const roster = 'src/cluster/roster/roster.test.ts'
const registry = 'src/cluster/roster/registry.test.ts'
const nameClaims = 'src/cluster/roster/name-claims.test.ts'
const settling = 'src/cluster/roster/settling.test.ts'
const plane = 'src/cluster/roster/cluster-roster.test.ts'
const keeping = 'src/cluster/roster/roster-keeping.test.ts'
const view = 'src/registration/roster-view.test.ts'
const remoteRoster = 'src/cluster/roster/remote-roster.test.ts'
const twoNodes = 'src/cluster/roster/two-nodes.test.ts'

/** What GENESIS_CLUSTER keeps and tells of the processes, and what a process hears of itself: D23 and D24. */
export const rosterRules: readonly Rule[] = [
  rule(
    'D23.1',
    'The roster is settled when all processes of the last run have been heard again or have ended',
    'only nodes are waited for',
    [
      'cluster/roster/settling.ts',
      'const missing = [...this.#nodes, ...this.#processes.values()]',
      'const missing = [...this.#nodes]',
    ],
    [settling, 'D23: settles when all have been heard, in whatever order'],
  ),
  rule(
    'D23.2',
    'The roster is settled when that of each host of the definition is here',
    'other hosts are not waited for',
    [
      'cluster/roster/settling.ts',
      'const missing = [...this.#nodes, ...this.#processes.values()]',
      'const missing = [...this.#processes.values()]',
    ],
    [settling, 'D23: settles by time and names who is missing, until they are heard after all'],
  ),
  rule(
    'D23.3',
    'The roster is settled after 5 s at most, and the unreachable are named',
    'it waits for them',
    [
      'cluster/roster/settling.ts',
      'const isInTime = now - this.#startedAt < settleWithinMs',
      'const isInTime = now >= this.#startedAt',
    ],
    [settling, 'D23: settles by time and names who is missing, until they are heard after all'],
  ),
  rule(
    'D23.4',
    'The roster is versioned: whoever was away is told what changed since',
    'everything is told',
    [
      'cluster/roster/roster.ts',
      'if (changed <= since || !wants(entry)) continue',
      'if (!wants(entry)) continue',
    ],
    [roster, 'D23: tells what changed after a version, each entry as it is now'],
  ),
  rule(
    'D23.5',
    'An explicit end is final: who has said that it ended never changes',
    'it may come back',
    [
      'cluster/roster/roster.ts',
      'if (known !== undefined && isFinal(known.entry)) return false',
      '',
    ],
    [roster, 'D23: an entry once ended never changes'],
  ),
  rule(
    'D23.6',
    'What has ended is kept for 10 minutes, with its last numbers',
    'it is forgotten at once',
    [
      'cluster/roster/roster.ts',
      '(endedAt ?? now) + endedKeptMs <= now',
      '(endedAt ?? now) <= now',
    ],
    [roster, 'D23: ended entries are kept for their time, and no more than their number'],
  ),
  rule(
    'D23.7',
    'A roster has a history id, new when it begins without its file',
    'the history is that of the node',
    [
      'cluster/roster/cluster-roster.ts',
      'usable?.history ?? randomId()',
      'usable?.history ?? node',
    ],
    [plane, 'D23: a roster that begins without its file has another history; with it, the same'],
  ),
  rule(
    'D23.8',
    'Who knew another history reports a loss of unknown publishers',
    'it takes the new one in silence',
    [
      'subscriber/subscriber.ts',
      'if (known !== undefined && known !== history) isAnother = true',
      '',
    ],
    [
      subscriberRoster,
      'D23: is a loss of publishers unknown to whoever knew the old one and was ready',
    ],
  ),
  rule(
    'D23.9',
    'A name is kept by the process that answers for it on its connection',
    'the second is taken at once',
    [
      'cluster/roster/name-claims.ts',
      "return now - at < answerWithinMs ? 'waiting' : { why }",
      "return now < at ? 'waiting' : { why }",
    ],
    [nameClaims, 'D23: is kept by whoever answers for it on its connection'],
  ),
  rule(
    'D23.10',
    'One incarnation in two processes is refused',
    'it is taken',
    [
      'cluster/roster/registry.ts',
      'this.#cloned(registration) ?? this.#over(registration)',
      'this.#over(registration)',
    ],
    [registry, 'D23: an incarnation that lives in another process'],
  ),
  rule(
    'D23.11',
    'A process whose connection has ended and who does not come back at once has ended, without last numbers',
    'its silence is waited for',
    [
      'cluster/roster/registry.ts',
      'now - local.absentSince >= returnWithinMs',
      'now - local.absentSince >= goneKeptMs',
    ],
    [registry, 'D23: whose connection has ended and who does not come back has ended'],
  ),
  rule(
    'D23.12',
    'The name of a process whose connection has ended is free at once',
    'it is free when the process has had time to come back',
    [
      'cluster/roster/name-claims.ts',
      "if (holder.absentSince !== null) return { why: 'its connection had ended' }",
      "if (holder.absentSince !== null) return 'waiting'",
    ],
    [nameClaims, 'D23: is free at once when the connection of its process has ended'],
  ),
  rule(
    'D23.13',
    'The file of the last run holds no name, once whoever lives has had time to come back',
    'it holds it',
    ['cluster/roster/name-claims.ts', 'now - this.#began < reclaimWithinMs', 'now >= this.#began'],
    [nameClaims, 'D23: is not held by the file of the last run'],
  ),
  rule(
    'D23.14',
    'Whoever has been acknowledged is in the file: a restart waits for him',
    'the file is written later',
    [
      'cluster/roster/cluster-roster.ts',
      '    this.#save()\n    for (const',
      '    setImmediate(() => this.#save())\n    for (const',
    ],
    [plane, 'D23: a process is in the file before it is acknowledged'],
  ),
  rule(
    'D23.15',
    'Versions after a restart are beyond those that the last run can have told',
    'they go on from those in the file',
    ['cluster/roster/cluster-roster.ts', 'usable.version + restartStride', 'usable.version'],
    [plane, 'D23: a roster that begins without its file has another history; with it, the same'],
  ),
  rule(
    'D23.16',
    'A roster file that cannot be replaced is removed before anything new is told',
    'the old one stays',
    ['cluster/roster/roster-keeping.ts', 'if (this.#file.discard()) this.#keptHistory = null', ''],
    [keeping, 'D23: a file that cannot be replaced is removed before anything new is told'],
  ),
  rule(
    'D23.17',
    'Where the old file cannot be put away either, a new history begins before anything new is told',
    'the old history goes on',
    [
      'cluster/roster/roster-keeping.ts',
      'const isLeft = this.#keptHistory === history',
      "const isLeft = history === ''",
    ],
    [keeping, 'D23: where the old file cannot be put away a new history begins, once'],
  ),
  rule(
    'D23.18',
    'The roster says up to which version it has let entries of publishers go',
    'it lets them go in silence',
    ['cluster/roster/roster.ts', 'all: Math.max(all, version),', 'all,'],
    [roster, 'D23: says up to which version it has forgotten the end of a publisher'],
  ),
  rule(
    'D23.19',
    'A process that has not seen what the roster has forgotten takes note of it, once',
    'absence says nothing',
    [
      'registration/roster-view.ts',
      'this.#knownUpTo !== null && forgottenUpTo > this.#knownUpTo',
      'this.#knownUpTo !== null && forgottenUpTo < 0',
    ],
    [view, 'D23: tells once that the roster has forgotten what was not seen'],
  ),
  rule(
    'D23.20',
    'What the roster has forgotten unseen is a loss of unknown publishers to whoever was ready',
    'nothing is told',
    ['subscriber/subscriber.ts', 'return isAnother || forgot === true', 'return isAnother'],
    [
      subscriberRoster,
      'D23: is a loss also where the roster has forgotten what this process has not seen',
    ],
  ),
  rule(
    'D23.21',
    'What another node has forgotten unseen is passed on to our own processes, also to those that are away',
    'it is not passed on',
    ['cluster/roster/cluster-roster.ts', 'if (forgot) this.roster.noteForgotten()', ''],
    [twoNodes, 'D23: a node that was parted tells its own processes'],
  ),
  rule(
    'D23.22',
    'What was forgotten is in the file, and holds after a restart',
    'a restart has forgotten nothing',
    [
      'cluster/roster/cluster-roster.ts',
      'version, usable?.forgotten, gaps)',
      'version, undefined, gaps)',
    ],
    [twoNodes, 'D23: what was forgotten survives a restart'],
  ),
  rule(
    'D23.23',
    'Endings of other nodes are in the file, and up to where their rosters were known',
    'the endings are not',
    [
      'cluster/roster/cluster-roster.ts',
      '...(usable?.endings ?? [])',
      '...(usable?.endings.slice(1_000_000) ?? [])',
    ],
    [twoNodes, 'D23: an ending of another node that is in our file is told'],
  ),
  rule(
    'D23.24',
    'After a restart nobody is told anew what he has seen, and so nothing of that is forgotten unseen',
    'everything has a new version',
    [
      'cluster/roster/cluster-roster.ts',
      'this.roster.restore(each, clock.now())',
      'this.roster.put(each.entry, clock.now())',
    ],
    [twoNodes, 'D23: a restart with its file is no loss'],
  ),
  rule(
    'D23.25',
    'What has changed is told before anything is forgotten',
    'it is forgotten first',
    [
      'cluster/roster/cluster-roster.ts',
      '    // Told before it is forgotten: who is here has missed nothing.\n    this.flush()\n    this.roster.expire(now)',
      '    this.roster.expire(now)\n    this.flush()',
    ],
    [twoNodes, 'D23: whoever was away while more ended than the roster keeps'],
  ),
  rule(
    'D23.26',
    'What is let go without an end is let go everywhere: it is told with a version',
    'other nodes keep it',
    [
      'cluster/roster/cluster-roster.ts',
      'for (const incarnation of letGo) this.roster.letGo(incarnation, now)',
      '',
    ],
    [twoNodes, 'D23: a process that one node lets go after an hour of silence is let go by all'],
  ),
  rule(
    'D23.27',
    'Who was told more than the roster file has shows that it is an older one: a new history begins',
    'nobody looks',
    [
      'cluster/roster/cluster-roster.ts',
      'if (history !== this.roster.history || this.roster.hasKept(kept)) return',
      'if (history !== this.roster.history || kept >= 0) return',
    ],
    [twoNodes, 'D23: a file older than what a process of its node was told'],
  ),
  rule(
    'D23.28',
    'Another node shows it too, by what it was told before it was restarted itself',
    'its file does not say it',
    ['cluster/roster/remote-roster.ts', 'this.#kept = kept', 'this.#kept = kept && null'],
    [twoNodes, 'D23: so does one that is older than what another node was told'],
  ),
  rule(
    'D23.29',
    'How long ago something ended is told, and grows on its way',
    'it begins anew with each telling',
    [
      'cluster/roster/roster.ts',
      'endedMsBefore + Math.max(0, now - endedAt)',
      'Math.max(0, now - endedAt)',
    ],
    [roster, 'D23: says how long ago something ended, when it is told, kept or told on'],
  ),
  rule(
    'D23.30',
    'In the roster file it grows by the clock that shows less',
    'by the wall clock',
    [
      'cluster/roster/roster-file.ts',
      'Math.min(later.wallClock - earlier.wallClock, later.uptime - earlier.uptime)',
      'later.wallClock - earlier.wallClock',
    ],
    [
      'src/cluster/roster/roster-file.test.ts',
      'D23: what has ended is taken for no older than all clocks say',
    ],
  ),
  rule(
    'D23.31',
    'Each part of the roster fits a message: who is out of reach is told in one of its own where it would not',
    'it is told with the last entries',
    [
      'cluster/roster/roster.ts',
      'if (entries.length > 0 && held + Buffer',
      'if (entries.length > 1_000_000 && held + Buffer',
    ],
    [
      roster,
      'D23: each part fits a message, whatever is the last entry and whoever cannot be reached',
    ],
  ),
  rule(
    'D23.32',
    'Of processes that are out of reach as many are named as fit a message, of nodes all',
    'all are named',
    ['cluster/roster/settling.ts', '.take(maxUnreachableProcesses)', '.take(1_000_000)'],
    [settling, 'D23: names all nodes that are missing, and processes up to a number'],
  ),
  rule(
    'D23.33',
    'Whose connection stands again lives, also while the process cannot say anything',
    'only a word of it counts',
    [
      'cluster/roster/registry.ts',
      'if (!this.#routes.noteOpen(route)) return',
      'if (this.#routes.noteOpen(route)) return',
    ],
    [registry, 'D23: whose connection stands again has not ended'],
  ),
  rule(
    'D23.34',
    'A port that was released is not handed out again for two seconds: its process is closing its sockets',
    'it is handed out at once',
    [
      'cluster/bus/port-pool.ts',
      'new Set([...this.#given.values(), ...this.#released.keys()])',
      'new Set(this.#given.values())',
    ],
    [
      'src/cluster/bus/port-pool.test.ts',
      'D23: free again a while after its release, when its process has closed its sockets',
    ],
  ),
  rule(
    'D23.35',
    'Nor does a restart hide it that comes before anybody was heard',
    'each run knows only what its own file lacked',
    ['cluster/roster/roster.ts', '[...gaps, { after', '[{ after'],
    [
      twoNodes,
      'D23: and one after which GENESIS_CLUSTER was restarted before anybody had come back',
    ],
  ),
  rule(
    'D23.36',
    'The intake of foreign programs is a publisher whose end is not forgotten in silence, although it has the role of GENESIS_CLUSTER',
    'it is passed over by its role',
    [
      'model/roster-entry.ts',
      '  if (publishes.length > 0) return true',
      "  if (role === 'cluster') return false",
    ],
    [roster, 'D23: what foreign programs published is not forgotten in silence'],
  ),
  rule(
    'D23.37',
    'Whom a new history of another node does not name within an hour is let go like one that was silent for so long',
    'it stays gone for ever',
    ['cluster/roster/remote-roster.ts', 'now - since >= goneKeptMs', 'now - since === Infinity'],
    [twoNodes, 'D23: whom the later lives of a node without its file do not name'],
  ),
  rule(
    'D23.38',
    'The hour goes on when one more history begins',
    'it begins anew with each',
    ['cluster/roster/remote-roster.ts', ' && !this.#unconfirmed.has(incarnation)', ''],
    [remoteRoster, 'D23: who is not named within the hour is let go, once'],
  ),
  rule(
    'D23.39',
    'Who has said that it ended is not brought back by an older roster: nothing would follow its open losses',
    'the roster that came last holds',
    [
      'subscriber/subscriber.ts',
      'change.entries.filter(({ incarnation }) => !this.#hasLeft(incarnation))',
      'change.entries',
    ],
    [subscriberRoster, 'D23: an older roster does not bring back who has said that it ended'],
  ),
  rule(
    'D24.1',
    'A process gets its own updates from itself: copies that come back over the wire are dropped',
    'they are taken',
    [
      'subscriber/subscriber.ts',
      'if (isOwn || message.publisher.incarnation !== this.#id)',
      'if (message.publisher.incarnation)',
    ],
    [subscriber, 'D24: takes its own updates from itself, not from the network'],
  ),
  rule(
    'D24.2',
    'A subscription may want none of its own process',
    'it gets them',
    [
      'subscriber/subscribed-tables.ts',
      '    if (!this.#options.own && incarnation === this.#options.subscriber) return\n    const source',
      '    const source',
    ],
    [subscriber, 'D24: takes its own updates from itself, not from the network'],
  ),
  rule(
    'D24.3',
    'What the roster says of the end of the process itself is no loss to it',
    'it is told lost what it publishes',
    ['subscriber/subscribed-tables.ts', '(isOver || !this.#options.own)', '!this.#options.own'],
    [endings, 'D24: is told nothing lost of its own when the roster takes it for dead'],
  ),
]
