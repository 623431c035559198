import type { Clock, Timer } from '../../../base/clock.ts'
import { productVersion } from '../../../base/product-version.ts'
import { PublishRate } from '../../../base/publish-rate.ts'
import type { Registration } from '../../../model/roster-entry.ts'
import { publishedBy } from '../../../registration/process-snapshot.ts'
import type { BrokerConnection } from '../broker/broker-connection.ts'
import type { BrokerTopics } from '../naming/broker-topics.ts'
import { presenceLimits } from '../presence/presence-limits.ts'
import { encodeFigures, readQuestion } from './figures-record.ts'

/** How often what is published is counted, milliseconds. */
const countMs = 1_000

/**
 * Tells the figures of this process to who asks for them (`tidings mon`, `tidings doctor`). Most of the time nobody does,
 * and nothing is sent.
 */
export class OwnFigures {
  readonly #broker: BrokerConnection
  readonly #topics: BrokerTopics
  readonly #clock: Clock
  readonly #rate = new PublishRate()
  readonly #questions = new Set<string>()
  #registration: Registration
  #countedAt = -Infinity
  #connectedAt = 0
  #answer: Timer | null = null

  constructor(
    broker: BrokerConnection,
    topics: BrokerTopics,
    clock: Clock,
    registration: Registration,
  ) {
    this.#broker = broker
    this.#topics = topics
    this.#clock = clock
    this.#registration = registration
    broker.subscribe([{ topic: topics.figures, qos: 0, isWithoutOwn: true }])
  }

  connected(): void {
    this.#connectedAt = this.#clock.now()
  }

  /** What the process says of itself now. */
  note(registration: Registration): void {
    this.#registration = registration
  }

  /** Called several times a second or once. */
  tick(now: number): void {
    if (now - this.#countedAt < countMs) return
    this.#countedAt = now
    this.#rate.note(publishedBy(this.#registration), now)
  }

  /** All who ask soon after each other have one answer. */
  takeQuestion(payload: Buffer): void {
    const question = readQuestion(payload)
    if (question === null) return
    this.#questions.add(question)
    this.#answer ??= this.#clock.after(presenceLimits.hereGatherMs, () => this.#tell())
  }

  close(): void {
    this.#answer?.cancel()
  }

  #tell(): void {
    this.#answer = null
    const { health, incarnation, sequences } = this.#registration
    const now = this.#clock.now()
    const topic = this.#topics.figuresOf(incarnation)
    const said = {
      questions: [...this.#questions],
      version: productVersion,
      wallClock: this.#clock.wallClock(),
      connectedForMs: Math.max(0, Math.round(now - this.#connectedAt)),
      dropped: this.#broker.dropped,
      rate: this.#rate.perSecond(),
      health,
      sequences,
    }
    this.#questions.clear()
    const mostBytes = this.#broker.messageBytes - Buffer.byteLength(topic)
    this.#broker.send(topic, encodeFigures(said, mostBytes), 0)
  }
}
