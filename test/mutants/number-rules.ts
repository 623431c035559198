import { type Rule, rule } from './rule.ts'

const publisher = 'src/publisher/publisher.test.ts'
const answers = 'src/publisher/answers.test.ts'
const gathering = 'src/publisher/parcel-gathering.test.ts'
const large = 'src/publisher/closed-parcel.test.ts'
const turns = 'src/queue/turns.test.ts'
const delivery = 'src/subscriber/parcel-delivery.test.ts'

/** Numbers, parcels and vectors: D1 to D4. */
export const numberRules: readonly Rule[] = [
  rule(
    'D1.1',
    'The updates of an incarnation in one table are numbered 1, 2, 3 … without holes',
    'a number is left out between two parcels',
    [
      'publisher/open-parcel.ts',
      'const last = lastNumbered(open.table)\n',
      'const last = lastNumbered(open.table) + header.parcel - 1\n',
    ],
    [publisher, 'D1: number on from parcel to parcel, and after everything retained has gone'],
  ),
  rule(
    'D1.2',
    'Commits are numbered in the order of `publish()`, from 1',
    'a commit is numbered by its updates',
    [
      'publisher/publisher.ts',
      'this.#commits = commit\n',
      'this.#commits += [changes].flat().length\n',
    ],
    [answers, 'D1: commits are numbered in the order of publish(), from 1'],
  ),
  rule(
    'D1.3',
    'What `publish()` refuses takes no number and leaves nothing behind',
    'the first updates of a refused commit stay',
    [
      'publisher/open-parcel.ts',
      'for (const { open, mark } of parts.values()) open.writer.rollback(mark)',
      'void parts',
    ],
    [publisher, 'D1: refuse a commit that is too large, and leave nothing of it behind'],
  ),
  rule(
    'D1.4',
    'A commit of more than 32 MiB is refused',
    'any size is taken',
    ['publisher/open-parcel.ts', 'if (grown > this.#maxCommitBytes) throw', 'if (grown < 0) throw'],
    [publisher, 'D1: refuse a commit that is too large, and leave nothing of it behind'],
  ),
  rule(
    'D1.5',
    'An incarnation is an identity, never an order: two lives of one name stand side by side',
    'a publisher is known by its name',
    [
      'subscriber/subscribed-tables.ts',
      'let source = this.#sources.get(identity.incarnation)',
      'let source = [...this.#sources.all.values()].find((each) => each.identity.process === identity.process)',
    ],
    [delivery, 'D1: two lives of one name are two publishers'],
  ),
  rule(
    'D1.6',
    'While `publish()` reads a record nothing else is asked of the queue: a getter, `toJSON` or Proxy is refused',
    'a commit begins inside of another',
    ['publisher/record-reading.ts', 'this.#isOn = true', 'this.#isOn = false'],
    [
      'src/queue/call-from-inside.test.ts',
      'by getter D1: publish() is refused, and the commit around it stands',
    ],
  ),
  rule(
    'D1.7',
    'A commit is of the list as it is when `publish()` is called',
    'the list is read while it may change',
    ['publisher/open-parcel.ts', 'const updates = listOf(given)', 'const updates = given'],
    ['src/queue/call-from-inside.test.ts', 'D1: a list that changes while it is read'],
  ),
  rule(
    'D2.1',
    'A parcel is the commits of one turn of the event loop',
    'each commit is a parcel',
    ['queue/composed-queue.ts', 'if (this.#publisher.isParcelFull)', 'if (this.#publisher)'],
    [turns, 'D2: is a parcel: its commits leave together when it is over'],
  ),
  rule(
    'D2.2',
    'A parcel is closed early, behind a commit, once it holds 256 KiB',
    'it is closed when the turn is over',
    [
      'publisher/publisher.ts',
      'this.#parcel.bytes >= this.#limits.parcelBytes',
      'this.#parcel.bytes >= Infinity',
    ],
    [turns, 'D2: is several parcels when it publishes more than 256 KiB'],
  ),
  rule(
    'D2.3',
    'A parcel is closed early once it has 64 tables: each of its batches names them all',
    'the number of tables closes no parcel',
    [
      'publisher/publisher.ts',
      'this.#parcel.tables >= this.#limits.parcelTables',
      'this.#parcel.tables >= Infinity',
    ],
    [answers, 'D2: is full at 256 KiB, and at 64 tables: each of its batches names them all'],
  ),
  rule(
    'D2.4',
    'A commit lies in one parcel, if need be in several batches',
    'each batch is a parcel of its own',
    [
      'publisher/closed-parcel.ts',
      '        parcel,\n        manifest: this.#manifest,',
      '        parcel: parcel + this.#taken,\n        manifest: this.#manifest,',
    ],
    [publisher, 'D2: cut a large commit into several batches of one parcel, in order'],
  ),
  rule(
    'D2.5',
    'Each batch of a parcel names all of its tables with their last sequences',
    'a manifest names its own table alone',
    [
      'publisher/closed-parcel.ts',
      '        manifest: this.#manifest,',
      '        manifest: this.#manifest.filter((each) => each.table === table),',
    ],
    [publisher, 'D2: hold the commits of one turn, as a batch by table, with one manifest'],
  ),
  rule(
    'D2.6',
    'A batch says which commits its updates belong to: a run of equal commits is one entry',
    'each commit is an entry',
    [
      'publisher/commit-entries.ts',
      'if (run && run.updatesEach === updates && run.commit + run.commits === commit) run.commits++',
      'if (run && run.commits < 0) run.commits++',
    ],
    [
      'src/publisher/commit-entries.test.ts',
      'D2: are one run while each commit has as many updates',
    ],
  ),
  rule(
    'D2.7',
    'A batch says at which place of its commit an update stands',
    'places begin anew in each batch',
    [
      'publisher/commit-entries.ts',
      'places: entry.places.slice(from, end)',
      'places: entry.places.slice(from, end).map((_, place) => place)',
    ],
    ['src/publisher/commit-entries.test.ts', 'D2: keep the places of a part when it is cut'],
  ),
  rule(
    'D2.8',
    'A parcel of more than 1 MiB leaves in several turns of the event loop',
    'all of it leaves in one',
    [
      'publisher/outbox.ts',
      'for (let sent = 0; sent < most;) {',
      'for (let sent = 0; sent < Infinity;) {',
    ],
    [large, 'D2: leaves in the turns to come, a MiB in each, before anything newer'],
  ),
  rule(
    'D2.9',
    'What is published while a parcel leaves comes behind it',
    'it leaves first',
    ['publisher/outbox.ts', 'this.#unsent.push(parcel)', 'this.#unsent.unshift(parcel)'],
    [large, 'D2: leaves in the turns to come, a MiB in each, before anything newer'],
  ),
  rule(
    'D2.10',
    'Where more than 12,500 turns a second publish, a parcel gathers those of 0.2 ms',
    'each turn is a parcel',
    ['publisher/parcel-gathering.ts', 'mayWait && this.#waits(now, bytes, tables)', 'false'],
    [gathering, 'D2: gathers the turns of 0.2 ms where they follow each other fast'],
  ),
  rule(
    'D2.11',
    'A parcel that gathers leaves within its time, when nothing more is published too',
    'it waits for what comes next',
    [
      'publisher/parcel-gathering.ts',
      'if (now < this.deadline) return null',
      'if (now < Infinity) return null',
    ],
    [gathering, 'D2: leaves within its time when nothing follows'],
  ),
  rule(
    'D2.12',
    'Where gathering saves no messages, since each turn is of other tables, it is given up for 256 turns',
    'it goes on',
    [
      'publisher/parcel-gathering.ts',
      'return 2 * this.#tables > this.#gathered * this.#tablesOfFirst',
      'return this.#tables < 0',
    ],
    [gathering, 'D2: gathers nothing where each turn is of another table'],
  ),
  rule(
    'D2.13',
    'Where a process publishes in each turn, a parcel gathers for a sixteenth of the time for which it has done so, 8 ms at most',
    'as where turns follow each other fast',
    ['publisher/parcel-gathering.ts', 'const isBusy = this', 'const isBusy = false && this'],
    [gathering, 'D2: sends a parcel each 8 ms, whatever a turn takes'],
  ),
  rule(
    'D2.14',
    'It leaves when a turn publishes nothing',
    'it waits until it is due',
    ['publisher/parcel-gathering.ts', 'return wasBusy ? this.#turnEndedAt : null', 'return null'],
    [gathering, 'D2: sends at once what waits when a turn publishes nothing'],
  ),
  rule(
    'D2.15',
    'Where ends of turns are not told, it leaves when nothing was published for a millisecond',
    'it waits until it is due',
    [
      'publisher/parcel-gathering.ts',
      'if (now < this.#dueAt && !isIdle) {',
      'if (now < this.#dueAt) {',
    ],
    [gathering, 'D2: is noticed to rest within a millisecond, though ends of turns are not told'],
  ),
  rule(
    'D3.1',
    'The first parcel waits until the roster has acknowledged that the process publishes',
    'it leaves at once',
    [
      'publisher/outbox.ts',
      'if (this.#unannounced.mustHold(parcel.tables)) this',
      'if (this.#announcedAt < 0) this',
    ],
    [publisher, 'D3: wait until GENESIS_CLUSTER knows that this process publishes'],
  ),
  rule(
    'D3.2',
    'An acknowledgement of a process that publishes nothing does not count',
    'any acknowledgement counts',
    [
      'publisher/unannounced-batches.ts',
      'for (const table of tables) this.#tables.delete(table)',
      'this.#tables.clear()',
    ],
    [publisher, 'D3: wait until GENESIS_CLUSTER knows that this process publishes'],
  ),
  rule(
    'D3.3',
    'A parcel with a table that is new to the roster waits until that is acknowledged, and what follows behind it',
    'only tables that were named at the start wait',
    [
      'publisher/publisher.ts',
      'this.#outbox.newTable(table)\n        this.#hasNewRegistration',
      'this.#hasNewRegistration',
    ],
    [
      publisher,
      'D3: wait until GENESIS_CLUSTER knows of a new table, and what follows waits behind it',
    ],
  ),
  rule(
    'D3.4',
    'It waits for a second at most where the process has published before',
    'it waits until GENESIS_CLUSTER is back',
    ['publisher/outbox.ts', 'if (now < this.#heldUntil) return', 'if (now < Infinity) return'],
    [publisher, 'D3: leave after a second where GENESIS_CLUSTER does not answer'],
  ),
  rule(
    'D3.5',
    'Each answer of GENESIS_CLUSTER gives what is held still its whole second',
    'the first second counts, whatever was answered since',
    [
      'publisher/outbox.ts',
      'if (this.isHolding) this.#heldUntil = now',
      'if (now < 0) this.#heldUntil = now',
    ],
    [publisher, 'D3: have their whole second behind each answer, the first of all, too'],
  ),
  rule(
    'D3.6',
    'The new tables of a turn are said together at its end: each registration names all tables',
    'each is said when it is published',
    [
      'queue/composed-queue.ts',
      'if (!this.#publisher.skipsTurns) this.#endOfTurn.ask()',
      'this.#registration.sayChanged()\n    if (!this.#publisher.skipsTurns) this.#endOfTurn.ask()',
    ],
    [
      'src/queue/own-registration.test.ts',
      'D3: is said a few times where one turn publishes 3,000 new tables, and names all of them',
    ],
  ),
  rule(
    'D4.1',
    'Syncs of 20 ms are answered at one moment',
    'each is answered by itself',
    ['publisher/sync-answers.ts', 'Math.max(now + syncGatherMs,', 'Math.max(now,'],
    [
      answers,
      'D4: that come within 20 ms are answered at one moment, with one mark for all of them',
    ],
  ),
  rule(
    'D4.2',
    'A vector tells the last sequence that was sent, not the last one that was published',
    'what is in the open parcel counts',
    ['publisher/published-stream.ts', 'last: this.#sent,', 'last: this.#numbered,'],
    [publisher, 'D4: is answered with a vector of one moment on the reply topic'],
  ),
  rule(
    'D4.3',
    'A vector tells the first sequence that is retained',
    'it tells 1',
    [
      'publisher/published-stream.ts',
      'const first = Math.min(this.firstRetained, this.#sent + 1)',
      'const first = 1',
    ],
    [answers, 'D4: are told how old the stream is and what is retained of it'],
  ),
  rule(
    'D4.4',
    'A vector tells how long ago the first update of the stream was sent: a duration, not a clock',
    'it tells when that was',
    [
      'publisher/published-stream.ts',
      'this.#firstSentAt === null ? null : now - this.#firstSentAt',
      'this.#firstSentAt === null ? null : this.#firstSentAt',
    ],
    [answers, 'D4: are told how old the stream is and what is retained of it'],
  ),
  rule(
    'D4.5',
    'A vector names every table of the subscription, also those never published',
    'it names those that have updates',
    [
      'publisher/published-streams.ts',
      'return tables.map((table) => {',
      'return tables.filter((table) => this.#streams.has(table)).map((table) => {',
    ],
    [publisher, 'D4: is answered with a vector of one moment on the reply topic'],
  ),
  rule(
    'D4.6',
    'A mark travels on each update topic that asks for one, with the nonces that it answers',
    'it answers the last who asked',
    [
      'publisher/sync-answers.ts',
      'answers.push({ subscriber, nonce })',
      'answers[0] = { subscriber, nonce }',
    ],
    [
      answers,
      'D4: that come within 20 ms are answered at one moment, with one mark for all of them',
    ],
  ),
  rule(
    'D4.7',
    'A sync may name who is meant: nobody else answers',
    'everybody answers',
    [
      'publisher/publisher.ts',
      'if (request.incarnations && !request.incarnations.includes(this.identity.incarnation)) return',
      '',
    ],
    [answers, 'D4: are not answered by who is not meant'],
  ),
  rule(
    'D4.8',
    'A vector tells the first sequence since the time asked for',
    'it tells the next one',
    ['publisher/published-stream.ts', '({ retainedAt }) => retainedAt < time', '() => true'],
    [answers, 'D4: are told which update was the first since the time they ask for'],
  ),
  rule(
    'D4.9',
    'Where the newest update that is no longer retained is younger than the time asked for, a vector tells the sequence before the first retained',
    'it tells the first that is retained',
    [
      'publisher/published-stream.ts',
      'if (this.#evictedAt >= time)',
      'if (this.#evictedAt > Infinity)',
    ],
    [answers, 'D4: are told if something since the time they ask for is no longer retained'],
  ),
  rule(
    'D4.10',
    'A vector is of a moment between two parcels: one that leaves in several turns leaves first',
    'a sync is answered in the middle of a parcel',
    [
      'publisher/publisher.ts',
      'return this.#outbox.isHalfSent ? Infinity : this.#syncs.deadline',
      'return this.#syncs.deadline',
    ],
    [large, 'D4: leaves before a sync is answered: a vector is of a moment between two parcels'],
  ),
  rule(
    'D4.11',
    'All of a parcel is of one time: no vector begins in the middle of a commit',
    'each of its messages has a time of its own',
    [
      'publisher/outbox.ts',
      'this.#retention.add(stream, batch, parcel.closedAt)',
      'this.#retention.add(stream, batch, now)',
    ],
    [large, 'D4: is of one time, however long it takes to leave'],
  ),
  rule(
    'D4.12',
    'Streams that begin in one parcel are of one age',
    'each begins with its own first message',
    [
      'publisher/outbox.ts',
      'stream.left(batch, now, Math.max(parcel.closedAt, this.#announcedAt))',
      'stream.left(batch, now, now)',
    ],
    [large, 'D4: is of one time, however long it takes to leave'],
  ),
  rule(
    'D4.13',
    'While syncs keep coming, those of 200 ms are answered at one moment',
    'no pause is made between two answers',
    ['publisher/sync-answers.ts', 'this.#answeredAt = now', ''],
    [answers, 'D4: that follow an answer are answered together 200 ms behind it'],
  ),
]
