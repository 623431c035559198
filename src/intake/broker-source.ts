import { parseForeignTopic } from '../model/topic.ts'
import type { ForeignReceiver } from '../transport/mqtt/foreign/foreign-receiver.ts'
import type { ForeignSource, ForeignSourceHandlers } from './foreign-source.ts'
import { intakeLimits } from './intake-limits.ts'
import type { NotTaken } from './waiting-messages.ts'
import { oneFrame } from './zmtp.ts'

/** What comes at an MQTT broker: one message at a time, by whatever connection the intake has. */
export class BrokerSource implements ForeignSource, ForeignReceiver {
  readonly #handlers: ForeignSourceHandlers
  readonly #notTaken: NotTaken
  #isWanted = true
  /** Topics with a retained message, while nobody knows whether it is this intake that takes what comes; null: it is. */
  #kept: Set<string> | null = null
  /** A queue was open, and what came after its end came to nobody. */
  #isMissing = false
  #hasOpened = false

  /** `notTaken` hears of what has no place among the others. */
  constructor(handlers: ForeignSourceHandlers, notTaken: NotTaken) {
    this.#handlers = handlers
    this.#notTaken = notTaken
  }

  message(topic: string, payload: Buffer): void {
    if (!this.#isWanted) return
    const head = Buffer.from(topic)
    const whole = oneFrame(head, payload)
    if (whole.length > intakeLimits.messageBytes) this.#handlers.refused(head, 'too-large')
    else this.#handlers.messages(whole, 1)
  }

  /** It came before, when it was published: it has no number of its own. */
  retained(topic: string): void {
    if (this.#kept) this.#kept.add(topic)
    else this.#notTaken(parseForeignTopic(topic), 'retained', 1)
  }

  /** A queue is being opened, which may find that another one takes what comes. */
  opening(): void {
    this.#kept = new Set()
    this.#isMissing = this.#hasOpened
  }

  opened(): void {
    const kept = this.#kept ?? []
    this.#kept = null
    if (this.#isMissing)
      this.#handlers.interrupted(
        'the intake of foreign programs has begun anew: what they published meanwhile did not come here, and is told as a loss of each table',
      )
    this.#hasOpened = true
    for (const topic of kept) this.retained(topic)
  }

  interrupted(broker: string, why: string): void {
    this.#handlers.interrupted(
      `the connection to the MQTT broker at ${broker} has ended: ${why}; what foreign programs publish until it stands again does not come, and is told as a loss of each table`,
    )
  }

  unsubscribe(): void {
    this.#isWanted = false
  }

  async close(): Promise<void> {
    this.#isWanted = false
  }
}
