import { allUpdatesTopic } from '../../../model/topic.ts'

const placeholder = '{{TABLE_NAME}}'

/** Stands where a topic of updates has its table: no encoded table name is it. */
const noTable = '~'

/** Topics that were read are remembered, so many. */
const mostRemembered = 10_000

/** A topic of this product, and its bytes: they go before the payload of each message. */
export interface OwnTopic {
  readonly name: string
  readonly bytes: Buffer
}

/** What a process says of itself and asks; each a level below the root, with the incarnation below it. */
export type PresenceKind = 'roster' | 'gone' | 'ended' | 'here' | 'told' | 'echo'

/** A topic of the presence of a process, read. */
export interface PresenceTopic {
  readonly kind: PresenceKind
  readonly incarnation: string
}

const presencePattern = /^(roster|gone|ended|here|told|echo)\/([0-9a-f]{32})$/
const figuresPattern = /^figures\/([0-9a-f]{32})$/
const personalPattern = /^(status|reply)\/([0-9a-f]{32})$/

/**
 * Topics at the broker and those of this product, `table/TRADE/` and the like, each for the other. Updates have the pattern of
 * the definition; all else is below the root, the pattern with `~` for the table. Two patterns never share a root. The mark
 * for "all tables" travels on the root itself, which the wildcard for updates matches, too: so it proves that path.
 */
export class BrokerTopics {
  readonly root: string
  readonly #before: string
  readonly #after: string
  /** All updates: the level with the table is `+`. */
  readonly #allUpdates: string
  readonly #read = new Map<string, OwnTopic | null>()

  /** @param pattern with the placeholder once; `patternProblem()` finds nothing in it */
  constructor(pattern: string) {
    const [before = '', after = ''] = pattern.split(placeholder)
    this.#before = before
    this.#after = after
    this.root = before + noTable + after
    const levels = pattern.split('/')
    this.#allUpdates = levels.map((each) => (each.includes(placeholder) ? '+' : each)).join('/')
  }

  get cluster(): string {
    return `${this.root}/cluster`
  }

  /** To everybody: say that you are there. */
  get ask(): string {
    return `${this.root}/ask`
  }

  /** Requests to everybody who publishes. */
  get requests(): string {
    return `${this.root}/request`
  }

  requestTo(incarnation: string): string {
    return `${this.root}/request/${incarnation}`
  }

  /** To everybody: tell your figures. */
  get figures(): string {
    return `${this.root}/figures`
  }

  /** The figures of a process; `+`: of all. */
  figuresOf(incarnation: string): string {
    return `${this.figures}/${incarnation}`
  }

  presence(kind: PresenceKind, incarnation: string): string {
    return `${this.root}/${kind}/${incarnation}`
  }

  presenceOfAll(kind: PresenceKind): string {
    return this.presence(kind, '+')
  }

  /** Where a message of a topic of ours is published. */
  topicFor(own: string): string {
    return this.#atBroker(own, this.root, noTable)
  }

  /** What is subscribed to for a prefix of topics of ours. */
  filterFor(prefix: string): string {
    return this.#atBroker(prefix, this.#allUpdates, '+')
  }

  readPresence(topic: string): PresenceTopic | null {
    const [, kind, incarnation] = presencePattern.exec(this.#belowRoot(topic) ?? '') ?? []
    if (kind === undefined || incarnation === undefined) return null
    return { kind: kind as PresenceKind, incarnation }
  }

  /** @returns the incarnation whose figures come by it; null: it is no such topic */
  readFigures(topic: string): string | null {
    const [, incarnation = null] = figuresPattern.exec(this.#belowRoot(topic) ?? '') ?? []
    return incarnation
  }

  isRequest(topic: string): boolean {
    return topic === this.requests || topic.startsWith(`${this.requests}/`)
  }

  /** null: none of ours. A pattern with the table inside of a level brings such topics, too. */
  readOwn(topic: string): OwnTopic | null {
    const known = this.#read.get(topic)
    if (known !== undefined) return known
    const name = this.#nameOf(topic)
    const read = name === null ? null : { name, bytes: Buffer.from(name) }
    if (this.#read.size >= mostRemembered) this.#read.clear()
    this.#read.set(topic, read)
    return read
  }

  #belowRoot(topic: string): string | null {
    return topic.startsWith(`${this.root}/`) ? topic.slice(this.root.length + 1) : null
  }

  #atBroker(own: string, allUpdates: string, anybody: string): string {
    const [plane = '', name = ''] = own.split('/')
    if (own === allUpdatesTopic) return allUpdates
    if (`${plane}/` === allUpdatesTopic)
      // RabbitMQ makes a level of each part of a name with dots.
      return this.#before + name.replaceAll('.', '%2E') + this.#after
    return `${this.root}/${plane}/${name === '' ? anybody : name}`
  }

  #nameOf(topic: string): string | null {
    if (topic === this.root) return allUpdatesTopic
    const personal = this.#belowRoot(topic)
    if (personal !== null) return personalPattern.test(personal) ? `${personal}/` : null
    const end = topic.length - this.#after.length
    if (!topic.startsWith(this.#before) || !topic.endsWith(this.#after)) return null
    const name = topic.slice(this.#before.length, end)
    if (name === '' || name.includes('/') || end < this.#before.length) return null
    return `${allUpdatesTopic}${name.replaceAll('%2E', '.')}/`
  }
}
