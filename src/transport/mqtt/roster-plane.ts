import type { Clock, Timer } from '../../base/clock.ts'
import { inBackground } from '../../base/background.ts'
import { type Random, randomId } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Registration, RosterChange } from '../../model/roster-entry.ts'
import type { RosterHandlers, RosterPlane } from '../transport.ts'
import type { BrokerConnection, Delivered } from './broker/broker-connection.ts'
import type { Filter } from './broker/filters.ts'
import type { BrokerTopics, PresenceKind, PresenceTopic } from './naming/broker-topics.ts'
import { OwnPresence } from './presence/own-presence.ts'
import { type KnownProcess, PresenceBook } from './presence/presence-book.ts'
import { nameTaken, otherCluster } from './presence/presence-errors.ts'
import { presenceLimits } from './presence/presence-limits.ts'
import type { PresenceRecord } from './presence/presence-record.ts'
import {
  agedRecord,
  decodeCluster,
  encodeCluster,
  readPresenceRecord,
} from './presence/presence-record.ts'
import { ownLife } from './presence/process-life.ts'
import { RosterHistory } from './presence/roster-history.ts'
import { RosterSettlement } from './presence/roster-settlement.ts'
import { ToldByOthers } from './presence/told-by-others.ts'
import { Witness } from './presence/witness.ts'

/** Queues of this thread that are open: a broker that lags still shows others as alive. */
const openHere = new Set<string>()

interface RosterPlaneOptions {
  readonly registration: Registration
  readonly cluster: string
  readonly broker: BrokerConnection
  readonly topics: BrokerTopics
  readonly clock: Clock
  readonly random: Random
}

interface MqttRosterHandlers extends RosterHandlers {
  /** Something changed that `open()` may wait for. */
  changed(): void
  /** On this connection all is subscribed to, and what was published before has come. */
  joined(): void
  /** Once a tick. */
  tick(): void
  failed(error: TidingsError): void
}

/** Says at the broker who this process is, and hears who else is there: see `PresenceBook`. */
export class MqttRosterPlane implements RosterPlane {
  readonly #options: RosterPlaneOptions
  readonly #handlers: MqttRosterHandlers
  readonly #book = new PresenceBook()
  readonly #history = new RosterHistory()
  readonly #settlement: RosterSettlement
  readonly #presence: OwnPresence
  readonly #witness: Witness
  readonly #life = ownLife()
  readonly #others: ToldByOthers
  /** Connections so far: what is told of an earlier one is late. */
  #round = 0
  #isJoined = false
  /** What the broker keeps of the cluster has been told on this connection. */
  #hasRecord = false
  #claim: 'none' | 'asked' | 'taken' = 'none'
  #disconnectedAt: number | null = null
  #askedAt = -Infinity
  #refreshAt = Infinity
  #told: Omit<RosterChange, 'entries' | 'letGo'> | null = null
  #isTelling = false
  #answer: Timer | null = null
  #timer: Timer | null = null
  #closed = false

  constructor(options: RosterPlaneOptions, handlers: MqttRosterHandlers) {
    const { broker, topics, registration, clock, random } = options
    const { incarnation } = registration
    this.#options = options
    this.#handlers = handlers
    this.#settlement = new RosterSettlement(this.#book, incarnation)
    this.#witness = new Witness(broker, topics, this.#book, registration)
    const common = { broker, topics, incarnation, clock, random }
    this.#others = new ToldByOthers({ ...common, book: this.#book })
    this.#presence = new OwnPresence(broker, topics, incarnation, this.#life, (said) => {
      if (!this.#closed && this.#isTelling) handlers.registered(said)
    })
    broker.subscribe(this.#filters())
  }

  /** The roster is known in full. */
  get isSettled(): boolean {
    return this.#settlement.isSettled(this.#options.clock.now())
  }

  /** Who may have our name has said whether it is there. */
  get isNameSettled(): boolean {
    return this.#settlement.isSettledWith(this.#twins(), this.#options.clock.now())
  }

  get hasName(): boolean {
    return this.#claim === 'taken'
  }

  get hasIntake(): boolean {
    return this.#book.hasIntake
  }

  get hasHistory(): boolean {
    return this.#history.current !== null
  }

  /** The name is asked for: `hasName`, or it fails. The name has to be settled. */
  claim(): void {
    this.#refuseTaken()
    openHere.add(this.#options.registration.incarnation)
    this.#claim = 'asked'
    this.#presence.say(this.#options.registration)
  }

  /** The first process begins the history of the roster. */
  beginHistory(): void {
    const { clock, random } = this.#options
    clock.after(random() * presenceLimits.historySpreadMs, () => {
      if (!this.#closed && this.#history.current === null) this.#putHistory(randomId())
    })
  }

  /** From here on changes are told, first all that is known. */
  tell(): void {
    this.#isTelling = true
    this.#refreshAt = this.#options.clock.now() + presenceLimits.refreshMs
    this.#tellNews()
  }

  register(registration: Registration): void {
    if (!this.#closed) this.#presence.say(registration)
  }

  /** The broker has taken the connection: who is there is asked, once what it keeps has come. */
  connected(): void {
    this.#round += 1
    this.#isJoined = false
    this.#hasRecord = false
    this.#book.reconnected()
    this.#witness.connected()
    this.#others.connected()
    const { broker, topics, registration } = this.#options
    const echo = topics.presence('echo', registration.incarnation)
    inBackground(broker.put(echo, Buffer.from(String(this.#round))), () => {})
    this.#beat()
  }

  disconnected(): void {
    this.#isJoined = false
    this.#settlement.lost()
    this.#disconnectedAt ??= this.#options.clock.now()
  }

  /** A message on a topic of presence, from ourselves, too. */
  take({ kind, incarnation }: PresenceTopic, payload: Buffer, delivered: Delivered): void {
    const isOwn = incarnation === this.#options.registration.incarnation
    if (kind === 'echo') {
      if (isOwn && payload.toString() === String(this.#round) && !this.#isJoined) this.#join()
    } else if (kind === 'gone') {
      this.#takeWill(incarnation, payload, delivered)
    } else {
      const said = readPresenceRecord({ kind, incarnation }, payload)
      if (said) this.#takeRecord(kind, said, delivered)
    }
    this.#handlers.changed()
  }

  takeCluster(payload: Buffer): void {
    const said = decodeCluster(payload)
    if (!said) return
    const { clock, cluster } = this.#options
    if (said.cluster !== cluster && said.cluster !== '' && cluster !== '') {
      this.#handlers.failed(otherCluster(cluster, said.cluster, this.#options.topics.root))
      return
    }
    this.#hasRecord = true
    const instead = this.#history.heard(said.history, clock.now())
    if (instead !== null) this.#putHistory(instead)
    this.#handlers.changed()
    this.#tellNews()
  }

  /** Somebody asks who is there: all who ask soon after each other have one answer. */
  takeQuestion(question: string): void {
    const asker = this.#others.takeQuestion(question)
    if (asker === this.#options.registration.incarnation || !this.#presence.isSaid) return
    this.#answer ??= this.#options.clock.after(presenceLimits.hereGatherMs, () => {
      this.#answer = null
      if (!this.#closed) this.#presence.answer(this.#settlement.known(this.#options.clock.now()))
    })
  }

  /** Nothing more is told. Who has not said that it ended says so now: it could not later. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    openHere.delete(this.#options.registration.incarnation)
    this.#answer?.cancel()
    this.#timer?.cancel()
    this.#others.close()
    this.#presence.end()
  }

  #filters(): Filter[] {
    const { topics, registration } = this.#options
    // The living before the dead: of what is kept a broker may bring only the first thousand.
    const kinds = ['roster', 'gone', 'here', 'told'] as const
    const asRoster = [
      ...kinds.map((kind) => topics.presenceOfAll(kind)),
      topics.cluster,
      topics.presence('echo', registration.incarnation),
      topics.presenceOfAll('ended'),
    ]
    // What we say ourselves comes back, too: a will bears our own client id.
    const filters = asRoster.map((topic) => ({ topic, qos: 0, isWithoutOwn: false }) as const)
    return [...filters, { topic: topics.ask, qos: 0, isWithoutOwn: true }]
  }

  #join(): void {
    this.#isJoined = true
    const { clock } = this.#options
    const awayMs = this.#disconnectedAt === null ? 0 : clock.now() - this.#disconnectedAt
    this.#disconnectedAt = null
    if (this.#claim !== 'none') this.#presence.sayAgain()
    if (this.#isTelling && !this.#hasRecord) this.#restore(awayMs)
    this.#ask()
    this.#settlement.asked(clock.now())
    this.#handlers.joined()
  }

  /** The broker has lost what it kept. Whoever was there a moment ago knows what it was. */
  #restore(awayMs: number): void {
    const { clock, random } = this.#options
    const { current } = this.#history
    if (awayMs > presenceLimits.restoreWithinMs || current === null) {
      this.#history.forget()
      this.beginHistory()
      return
    }
    this.#putHistory(current)
    const round = this.#round
    clock.after(random() * presenceLimits.quietTickMs, () => {
      if (!this.#closed && round === this.#round) this.#witness.restore()
    })
  }

  #ask(): void {
    const { broker, clock, registration, topics } = this.#options
    this.#askedAt = clock.now()
    inBackground(broker.put(topics.ask, Buffer.from(registration.incarnation)), () => {})
  }

  #takeWill(incarnation: string, payload: Buffer, { isRetained }: Delivered): void {
    const { clock, registration } = this.#options
    const isDeletion = payload.length === 0
    if (incarnation === registration.incarnation) {
      // Told late, of an earlier connection; or by somebody who is in error.
      if (!isDeletion) this.#presence.contradict('gone')
      return
    }
    if (isDeletion) this.#book.willDeleted(incarnation, clock.now())
    else this.#book.will(incarnation, !isRetained, clock.now())
    this.#settlement.heard(null, clock.now())
    this.#beat()
    this.#tellNews()
  }

  #takeRecord(
    kind: Exclude<PresenceKind, 'echo' | 'gone'>,
    said: PresenceRecord,
    { isRetained, expiryMs }: Delivered,
  ): void {
    const { clock, registration } = this.#options
    const { incarnation, state } = said.entry
    const isOwn = incarnation === registration.incarnation
    this.#others.heard(incarnation, isRetained)
    if (isOwn) {
      if (state === 'ended') this.#presence.contradict('ended')
      else if (said.isGone) this.#presence.contradict('gone')
      else if (this.#claim === 'asked') this.#claimed()
    } else if (kind === 'here' && this.#isJoined) this.#others.answered()
    if (kind === 'ended') this.#witness.heardEnd(incarnation)
    if (kind === 'told') this.#book.toldByOther(said, clock.now())
    else this.#book.take(isRetained ? agedRecord(said, expiryMs) : said, !isRetained, clock.now())
    if (!isOwn) this.#settlement.heard(kind === 'here' ? said.known : null, clock.now())
    this.#tellNews()
  }

  /** What we said came back: whoever was told before has the name. */
  #claimed(): void {
    try {
      this.#refuseTaken()
      this.#claim = 'taken'
    } catch (error) {
      // It never was here: nothing of it is owed.
      this.#presence.say({ ...this.#options.registration, state: 'ended', last: [] })
      this.#handlers.failed(TidingsError.from(error))
    }
  }

  #refuseTaken(): void {
    const { registration } = this.#options
    const twin = this.#twins().find(({ isConfirmed }) => isConfirmed)
    if (twin) throw nameTaken(registration, twin.entry.pid)
  }

  #twins(): KnownProcess[] {
    return [...this.#book.twinsOf(this.#options.registration)].filter(
      ({ entry, life, incarnation }) => {
        const { pid, startedAt } = this.#options.registration
        const isOfThisThread =
          entry.pid === pid && entry.startedAt === startedAt && life === this.#life
        return !isOfThisThread || openHere.has(incarnation)
      },
    )
  }

  /** Of two that have one name in spite of all, since each was told of itself first, the younger ends. */
  #endIfTwin(now: number): void {
    const { registration } = this.#options
    const age = ({ startedAt, incarnation }: Pick<Registration, 'startedAt' | 'incarnation'>) =>
      `${String(startedAt).padStart(16, '0')} ${incarnation}`
    const elder = this.#twins().find(
      ({ entry, isConfirmed, since }) =>
        isConfirmed && now - since >= presenceLimits.twinMs && age(entry) < age(registration),
    )
    if (elder) this.#handlers.failed(nameTaken(registration, elder.entry.pid))
  }

  #putHistory(history: string): void {
    const { broker, cluster, topics } = this.#options
    this.#history.began(history)
    inBackground(broker.put(topics.cluster, encodeCluster({ history, cluster }), null), () => {})
  }

  #beat(): void {
    this.#timer?.cancel()
    if (this.#closed) return
    const { clock } = this.#options
    const ms = this.#isUndecided(clock.now()) ? presenceLimits.tickMs : presenceLimits.quietTickMs
    this.#timer = clock.after(ms, () => {
      this.#timer = null
      this.#tick(clock.now())
      this.#beat()
    })
  }

  #isUndecided(now: number): boolean {
    if (!this.#settlement.isSettled(now) || this.#history.isDisputed) return true
    const own = this.#options.registration.incarnation
    for (const { isConfirmed, presence, incarnation } of this.#book.living())
      if (incarnation !== own && (presence === 'lost' || !isConfirmed)) return true
    return false
  }

  #tick(now: number): void {
    this.#handlers.tick()
    if (!this.#isJoined) return
    const isSettled = this.#claim === 'none' ? this.isNameSettled : this.isSettled
    const againMs = isSettled ? presenceLimits.askRegularlyMs : presenceLimits.askAgainMs
    if (now - this.#askedAt >= againMs) this.#ask()
    this.#witness.look(now, now - this.#askedAt)
    this.#history.tick(now)
    if (this.#isTelling) this.#endIfTwin(now)
    if (now >= this.#refreshAt) {
      this.#refreshAt = now + presenceLimits.refreshMs
      this.#presence.refresh()
    }
    this.#handlers.changed()
    this.#tellNews()
  }

  #tellNews(): void {
    const { clock, registration } = this.#options
    const history = this.#history.current
    if (this.#closed || !this.#isTelling || history === null) return
    const now = clock.now()
    const { entries, letGo } = this.#book.news(now)
    const isSettled = this.#settlement.isSettled(now)
    const rest = {
      histories: [{ node: registration.node, history }],
      // Once it is settled it stays so: what is asked on a new connection is news.
      settled: isSettled || (this.#told?.settled ?? false),
      unreachable: isSettled ? this.#settlement.unanswered() : (this.#told?.unreachable ?? []),
    }
    const isNews = entries.length > 0 || letGo.length > 0 || !isSame(rest, this.#told)
    if (!isNews) return
    this.#told = rest
    this.#handlers.roster({ entries, ...rest, ...(letGo.length > 0 && { letGo }) })
  }
}

const isSame = (one: object, other: object | null): boolean =>
  JSON.stringify(one) === JSON.stringify(other)
