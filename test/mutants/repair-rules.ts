import { type Rule, rule } from './rule.ts'

const subscription = 'src/subscriber/subscription.test.ts'
const repair = 'src/subscriber/gap-repair.test.ts'
const delivery = 'src/subscriber/parcel-delivery.test.ts'
const endings = 'src/subscriber/endings.test.ts'
const subscriber = 'src/subscriber/subscriber.test.ts'
const queue = 'src/queue/composed-queue.test.ts'
const registry = 'src/cluster/registry.test.ts'
const roster = 'src/cluster/roster.test.ts'
const settling = 'src/cluster/settling.test.ts'
const plane = 'src/cluster/roster-plane.test.ts'
const liveness = 'src/cluster/process-liveness.test.ts'
const membership = 'src/cluster/membership/membership.test.ts'

/** How gaps are closed, how publishers end, what is bounded, and what the roster says. */
export const repairRules: readonly Rule[] = [
  rule(
    'D16.1',
    'A gap has a moment to close by itself before it is asked for',
    'it is asked for at once',
    [
      'subscriber/gap-repair.ts',
      'repair.askAt = now + this.#limits.gapGraceMs',
      'repair.askAt = now',
    ],
    [repair, 'D16: has a moment to close by itself'],
  ),
  rule(
    'D16.2',
    'It is asked for whole, from its first sequence to its last',
    'the range ends one short',
    [
      'subscriber/gap-repair.ts',
      'repair.to = Math.min(gap.to, gap.from + window - 1)',
      'repair.to = Math.max(gap.from, Math.min(gap.to, gap.from + window - 1) - 1)',
    ],
    [repair, 'D16: is asked for from its first to its last sequence'],
  ),
  rule(
    'D16.3',
    'It is asked for again while no answer comes',
    'it is asked for once',
    [
      'subscriber/gap-repair.ts',
      'repair.askAt = now + this.#limits.replayRetryMs * (0.9 + 0.2 * this.#random())',
      'repair.askAt = Infinity',
    ],
    [repair, 'D16: is asked for again while no answer comes'],
  ),
  rule(
    'D16.4',
    'It is not asked for faster than an answer can come',
    'it is asked for with every tick',
    [
      'subscriber/gap-repair.ts',
      'repair.askAt = now + this.#limits.replayRetryMs * (0.9 + 0.2 * this.#random())',
      'repair.askAt = now',
    ],
    [repair, 'D16: is asked for again while no answer comes'],
  ),
  rule(
    'D16.5',
    'The next request goes out only while the queue of the subscriber is under half',
    'it goes out in any case',
    ['subscriber/gap-repair.ts', 'if (!this.#output.isUnderHalf()) return', ''],
    [repair, 'D16: is not asked for while more than half of the queue is full'],
  ),
  rule(
    'D16.6',
    'What is under way fits a quarter of a high-water mark: a large gap is asked for range by range',
    'it is asked for at once',
    [
      'subscriber/gap-repair.ts',
      'const window = Math.ceil(this.#limits.replayWindowBytes / stream.bytesPerUpdate)',
      'const window = Infinity',
    ],
    [repair, 'D16: is asked for in ranges of bounded bytes, the next as soon as one is here'],
  ),
  rule(
    'D16.7',
    'The next range is asked for as soon as one has come whole',
    'it waits for the next tick',
    ['subscriber/gap-repair.ts', 'if (allHere) this.tick(source, stream, now)', ''],
    [repair, 'D16: goes on without a tick when a range has come whole'],
  ),
  rule(
    'D16.8',
    'After two asks in vain the reply topic has to be proven again',
    'it is taken for proven',
    [
      'subscriber/gap-repair.ts',
      'if (repair.asks === 2) source.needsProof([replyPath], now, this.#random)',
      '',
    ],
    [repair, 'D16: has the reply topic proven anew when two asks were in vain'],
  ),
  rule(
    'D19.8',
    'A confirmation tells what was delivered or reported, not what is known to exist',
    'it runs ahead of the delivery',
    [
      'subscriber/subscription.ts',
      '.map(({ table, consumed }) => ({ table, last: consumed }))',
      '.map(({ table, known }) => ({ table, last: known }))',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D19.9',
    'A process confirms what all of its subscriptions have',
    'it confirms what the fastest has',
    [
      'subscriber/confirmations.ts',
      'least.set(table, Math.min(last, least.get(table) ?? Infinity))',
      'least.set(table, Math.max(last, least.get(table) ?? 0))',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D19.10',
    'A process confirms again as soon as it has what was asked for',
    'it waits for the next ask',
    [
      'subscriber/subscriber.ts',
      'this.#confirmations.progressed(this.#subscriptions())',
      'void subscription',
    ],
    [subscriber, 'D19: confirm what both of them have'],
  ),
  rule(
    'D20.5',
    'What is missing of a publisher that leaves is asked for, by its word on the wire',
    'its word is passed over',
    [
      'subscriber/subscription.ts',
      'this.#bases.noteKnown(source, leaving.streams)',
      'void leaving',
    ],
    [endings, 'D20: is asked for what is missing, by its word on the wire'],
  ),
  rule(
    'D20.6',
    'What is missing of a publisher that leaves is asked for, by its word on the roster',
    'it waits until it has ended',
    [
      'subscriber/subscription.ts',
      'if (entry.last) this.#bases.noteKnown(source, entry.last)',
      "if (entry.last && entry.state === 'ended') this.#bases.noteKnown(source, entry.last)",
    ],
    [endings, 'D20: is asked for what is missing, by its word on the roster'],
  ),
  rule(
    'D20.7',
    'When it has ended in good order, the rest is an exact loss',
    'the rest is forgotten',
    [
      'subscriber/endings.ts',
      "this.#loseGaps(source, (stream) => stream.known, 'ended')",
      "this.#loseGaps(source, () => 0, 'ended')",
    ],
    [subscription, 'D20: in good order: what is missing is an exact loss, and final'],
  ),
  rule(
    'D20.8',
    'Finished is final: nothing of it counts any more',
    'it may be reopened',
    [
      'subscriber/subscription.ts',
      "    if (source.state === 'finished') return\n    this.#heard(source, now)",
      '    this.#heard(source, now)',
    ],
    [endings, 'D20: is finished when it has ended: nothing of it counts any more'],
  ),
  rule(
    'D20.9',
    'A publisher is gone when nothing was heard of it for 10 s, whatever the roster says',
    'the roster has the last word',
    [
      'subscriber/subscription.ts',
      "if (source.state === 'stalled' && silent > this.#limits.goneAfterMs) {",
      "if (source.state === 'stalled' && silent > this.#limits.goneAfterMs && !source.isOnRoster) {",
    ],
    [endings, 'D20: is gone by its silence, whatever the roster says'],
  ),
  rule(
    'D20.10',
    'It is gone at once when the roster says that it ended without leaving',
    'its silence is waited for',
    [
      'subscriber/subscription.ts',
      'if (!source.reopened) this.#endings.gone(source)',
      'if (source.reopened) this.#endings.gone(source)',
    ],
    [subscription, 'D20: without a word: what is held is delivered, then a loss with an open end'],
  ),
  rule(
    'D20.11',
    'What is held of it is delivered before the open loss',
    'it is let go',
    ['subscriber/endings.ts', "this.#loseGaps(source, this.#lastPartlyHere(source), 'gone')", ''],
    [subscription, 'D20: without a word: what is held is delivered, then a loss with an open end'],
  ),
  rule(
    'D20.12',
    'It leaves an open loss in each table of the subscription',
    'in those alone of which something has come',
    [
      'subscriber/endings.ts',
      'for (const table of this.#tablesOf(source)) source.stream(table)',
      '',
    ],
    [endings, 'D20: leaves an open loss in each table that it published, and one in any'],
  ),
  rule(
    'D20.13',
    'A publisher that died is not forgotten without a loss',
    'it is',
    [
      'subscriber/endings.ts',
      'for (const stream of source.streams.values()) this.#reportOpen(source, stream)',
      'for (const stream of source.streams.values()) stream.openLossFrom = stream.next',
    ],
    [endings, 'D20: leaves an open loss in each table of the subscription'],
  ),
  rule(
    'D20.14',
    'An open loss is told once',
    'it is told again with each sign of the end',
    ['subscriber/endings.ts', 'if (stream.openLossFrom !== undefined) return', ''],
    [endings, 'D20: is told once'],
  ),
  rule(
    'D20.15',
    'Gone is resumable: any frame of the incarnation reopens it',
    'its frames are passed over',
    [
      'subscriber/subscription.ts',
      "    if (source.state === 'gone') source.reopened = true",
      "    if (source.state === 'gone') return",
    ],
    [subscription, 'D20: by silence is resumable: the open loss gets its exact end'],
  ),
  rule(
    'D20.16',
    'When it is reopened, the open loss gets its exact end',
    'it stays open',
    [
      'subscriber/parcel-delivery.ts',
      "    if (stream.openLossFrom !== undefined)\n      this.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'gone')\n    const updates",
      '    const updates',
    ],
    [
      endings,
      'D20: has its open loss closed by what comes out of retention when it is heard again',
    ],
  ),
  rule(
    'D20.17',
    'An open loss is closed by the vector where nothing came after it',
    'it stays open until the next update',
    [
      'subscriber/bases.ts',
      'else if (stream.openLossFrom !== undefined && stream.next > state.last)',
      'else if (stream.openLossFrom !== undefined && stream.next < 0)',
    ],
    [subscription, 'D20: by silence is resumable: the open loss gets its exact end'],
  ),
  rule(
    'D20.18',
    'An open loss is closed by the last numbers of a publisher that ends in good order after all',
    'it stays open',
    [
      'subscriber/endings.ts',
      "        this.#delivery.report(source, stream, { from: stream.next, to: stream.next - 1 }, 'ended')",
      '        void 0',
    ],
    [endings, 'D20: has its open losses closed in each table when it ends in good order after all'],
  ),
  rule(
    'D20.19',
    'A gone publisher is asked while the roster has it, and not otherwise',
    'it is asked for ever',
    ['subscriber/source.ts', "return this.state !== 'gone' || this.isOnRoster", 'return true'],
    [endings, 'D20: is asked again when the roster calls it alive after it had called it gone'],
  ),
  rule(
    'D21.1',
    'Of two subscriptions to one table, the slow one does not hold the other',
    'all wait for the slowest',
    [
      'subscriber/subscriber.ts',
      'hasRoom: (atOnce) => sink.hasRoom(atOnce),',
      'hasRoom: (atOnce) => {\n      const all = ((globalThis as { sinks?: Set<SubscriptionSink> }).sinks ??= new Set())\n      all.add(sink)\n      return [...all].every((each) => each.hasRoom(atOnce))\n    },',
    ],
    [subscriber, 'D21: have rooms of their own: the slow one does not hold up the other'],
  ),
  rule(
    'D21.2',
    'What a process holds is bounded by one budget for all of its subscriptions',
    'each subscription has it for itself',
    [
      'subscriber/subscriber.ts',
      'const over = this.heldBytes - this.#limits.heldBytes',
      'const over = entry.subscription.heldBytes - this.#limits.heldBytes',
    ],
    [subscriber, 'D21: is one for all subscriptions of a process, and costs no update'],
  ),
  rule(
    'D21.3',
    'Over the budget the newest parcels are let go and become gaps again',
    'they are let go and forgotten',
    [
      'subscriber/parcel-delivery.ts',
      'while (stream.held.at(-1)?.parcel === highest)\n          this.heldBytes -= stream.held.pop()?.frame.byteLength ?? 0',
      'while (stream.held.at(-1)?.parcel === highest) {\n          const gone = stream.held.pop() as BatchMessage\n          stream.lost.add(gone.first, lastOf(gone))\n          this.heldBytes -= gone.frame.byteLength\n        }',
    ],
    [delivery, 'D21: the newest parcels are let go and become gaps again'],
  ),
  rule(
    'D21.4',
    'Ended processes are remembered up to a number',
    'they are remembered for ever',
    ['subscriber/subscriber.ts', "if (state === 'ended') this.#roster.delete(incarnation)", ''],
    [subscriber, 'D21: ended processes are remembered up to a number'],
  ),
  rule(
    'D22.1',
    'A handler that throws does not stop the delivery',
    'what it throws is passed on',
    [
      'queue/delivery-queue.ts',
      '    } catch (error) {\n      this.#events.handlerFailed(error)',
      '    } catch (error) {\n      if (error) throw error\n      this.#events.handlerFailed(error)',
    ],
    [queue, 'D22: tells a handler that fails, and goes on'],
  ),
  rule(
    'D22.2',
    'A handler that throws or rejects is told as a status event',
    'nothing is told',
    ['queue/composed-queue.ts', "this.#feed.emit({ type: 'handler-failed', error })", 'void error'],
    [queue, 'D22: tells a handler that fails, and goes on'],
  ),
  rule(
    'D23.1',
    'The roster is settled when all processes of the last run have been heard again or have ended',
    'only nodes are waited for',
    [
      'cluster/settling.ts',
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
      'cluster/settling.ts',
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
      'cluster/settling.ts',
      'if (now - this.#startedAt < settleWithinMs)',
      'if (now >= this.#startedAt)',
    ],
    [settling, 'D23: settles by time and names who is missing, until they are heard after all'],
  ),
  rule(
    'D23.4',
    'The roster is versioned: whoever was away is told what changed since',
    'everything is told',
    [
      'cluster/roster.ts',
      'if (changed <= since || !wanted(entry)) continue',
      'if (!wanted(entry)) continue',
    ],
    [roster, 'D23: tells what changed after a version, each entry as it is now'],
  ),
  rule(
    'D23.5',
    'An explicit end is final: an entry that has ended never changes',
    'it may come back',
    ['cluster/roster.ts', "if (known?.entry.state === 'ended') return false", ''],
    [roster, 'D23: an entry once ended never changes'],
  ),
  rule(
    'D23.6',
    'What has ended is kept for 10 minutes, with its last numbers',
    'it is forgotten at once',
    ['cluster/roster.ts', '(endedAt ?? now) + endedKeptMs <= now', '(endedAt ?? now) <= now'],
    [roster, 'D23: ended entries are kept for their time, and no more than their number'],
  ),
  rule(
    'D23.7',
    'A roster has a history id, new when it begins without its file',
    'the history is that of the node',
    ['cluster/roster-plane.ts', 'usable?.history ?? randomId()', 'usable?.history ?? node'],
    [
      'test/cluster/roster.test.ts',
      'D23: a roster that begins without its file has another history',
    ],
  ),
  rule(
    'D23.8',
    'Who knew another history reports a loss of unknown publishers',
    'it takes the new one in silence',
    [
      'subscriber/subscriber.ts',
      'for (const { subscription } of this.#entries) subscription.onRosterLost()',
      'void known',
    ],
    [subscriber, 'D23: is a loss of publishers unknown to whoever knew the old one and was ready'],
  ),
  rule(
    'D23.9',
    'The second of two live processes of one name on one node is refused',
    'it is taken',
    [
      'cluster/registry.ts',
      'this.#cloned(registration) ?? this.#nameTaken(registration, now)',
      'this.#cloned(registration)',
    ],
    [registry, 'D23: a live process of that name, however long it is silent'],
  ),
  rule(
    'D23.10',
    'One incarnation in two processes is refused',
    'it is taken',
    [
      'cluster/registry.ts',
      'this.#cloned(registration) ?? this.#nameTaken(registration, now)',
      'this.#nameTaken(registration, now)',
    ],
    [registry, 'D23: an incarnation that lives in another process'],
  ),
  rule(
    'D23.11',
    'A process whose pid is dead has ended at once, without last numbers',
    'its silence is waited for',
    [
      'cluster/registry.ts',
      "if (this.#options.liveness.check(pid, local.identity, thorough) === 'dead') {",
      'if (silence < 0 && thorough) {',
    ],
    [registry, 'D23: a dead pid has ended at once, with unknown last numbers'],
  ),
  rule(
    'D23.12',
    'A pid is a life only with the time of its start',
    'the pid alone is compared',
    [
      'cluster/process-liveness.ts',
      "return startTicks(pid) === Number(identity.slice(place + 1)) ? 'alive' : 'dead'",
      "return startTicks(pid) === null ? 'dead' : 'alive'",
    ],
    [liveness, 'D23: another process under the same pid is another life'],
  ),
  rule(
    'D23.13',
    'A pid of another pid namespace says nothing',
    'it is taken for dead',
    [
      'cluster/process-liveness.ts',
      "return boot === this.#scope.split('/')[0] ? 'unknown' : 'dead'",
      "return boot === '' ? 'unknown' : 'dead'",
    ],
    [liveness, 'D23: a life of another boot is over, of another pid namespace unknown'],
  ),
  rule(
    'D23.14',
    'Whoever has been acknowledged is in the file: a restart waits for him',
    'the file is written later',
    [
      'cluster/roster-plane.ts',
      '    this.#save()\n    for (const',
      '    setImmediate(() => this.#save())\n    for (const',
    ],
    [plane, 'D23: a process is in the file before it is acknowledged'],
  ),
  rule(
    'D23.15',
    'Versions after a restart are beyond those that the last run can have told',
    'they go on from those in the file',
    ['cluster/roster-plane.ts', 'usable.version + restartStride', 'usable.version'],
    [plane, 'D23: a roster that begins without its file has another history; with it, the same'],
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
      'subscriber/subscription.ts',
      '    if (!this.#options.own && incarnation === this.#options.subscriber) return\n    const source',
      '    const source',
    ],
    [subscriber, 'D24: takes its own updates from itself, not from the network'],
  ),
  rule(
    'Z1.1',
    'A connection to another node begins with HELLO, and JOIN of the group of all nodes right behind it',
    'JOIN is not sent',
    [
      'cluster/membership/membership.ts',
      "this.#say(node, { type: 'join', group: clusterGroup, status: 1 })",
      '',
    ],
    [membership, 'Z1: a connection begins with HELLO, then JOIN of the group of all nodes'],
  ),
  rule(
    'Z1.2',
    'Each connection is numbered from 1',
    'numbers go on from the last one',
    ['cluster/membership/membership.ts', '    way.sequence = 0\n    const', '    const'],
    [membership, 'Z1: a node that has not answered is greeted again, from 1'],
  ),
]
