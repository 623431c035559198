import { Dealer } from 'zeromq'
import type { Clock, Timer } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Registration } from '../../model/roster-entry.ts'
import {
  type DialogueHandlers,
  RegistrationDialogue,
} from '../../registration/registration-dialogue.ts'
import type { ProcessMessage, RegisterMessage } from '../../registration/registration-message.ts'
import {
  decodeClusterMessage,
  encodeProcessMessage,
  registrationIntervalMs,
} from '../../registration/registration-message.ts'
import type { RosterView } from '../../registration/roster-view.ts'
import type { RosterPlane } from '../transport.ts'
import { KeyChoice } from '../../sockets/keys/key-choice.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { registeringDealer } from '../../sockets/socket-options.ts'
import { disconnectSocket } from '../../sockets/uninterrupted.ts'

/** Part of the heartbeat's interval that chance takes off: processes started together spread out. */
const jitter = 0.1

export interface RosterPlaneHandlers extends Omit<DialogueHandlers, 'send'> {
  /** Once a heartbeat, before it goes out. */
  tick(): void
  /** GENESIS_CLUSTER is there and does not let us in; told again with each attempt. */
  shutOut(endpoint: string, refusal: Refusal): void
  failed(error: TidingsError): void
}

interface RosterPlaneOptions {
  /** Of the registry port of GENESIS_CLUSTER. */
  readonly endpoint: string
  readonly keys: Keys | null
  readonly registration: Registration
  readonly wantsPort: boolean
  /** The name of the cluster; left out: any. */
  readonly cluster?: string | undefined
  readonly clock: Clock
  readonly random: Random
}

/** The connection on which a process registers and hears the roster. */
export class ZeroMQRosterPlane implements RosterPlane {
  readonly #socket: Dealer
  readonly #dialogue: RegistrationDialogue
  readonly #monitor: ConnectionMonitor
  readonly #received: Promise<void>
  readonly #endpoint: string
  readonly #clock: Clock
  readonly #random: Random
  readonly #handlers: RosterPlaneHandlers
  #heartbeat: Timer | null = null
  #soon: Timer | null = null
  #closed = false

  constructor(options: RosterPlaneOptions, handlers: RosterPlaneHandlers) {
    const { clock, cluster, endpoint, keys, random, registration, wantsPort } = options
    this.#socket = new Dealer(registeringDealer(keys))
    this.#endpoint = endpoint
    this.#clock = clock
    this.#random = random
    this.#handlers = handlers
    this.#dialogue = new RegistrationDialogue(registration, wantsPort, {
      ...handlers,
      send: (message) => this.#send(named(message, cluster)),
    })
    const watch = {
      connected: () => this.#say(),
      disconnected: () => this.#dialogue.lose(),
      refused: (at: string, refusal: Refusal) => handlers.shutOut(at, refusal),
      dead: (dead: string) => {
        disconnectSocket(this.#socket, dead)
        this.#monitor.connect(dead)
      },
      failed: (error: TidingsError) => handlers.failed(error),
    }
    this.#monitor = new ConnectionMonitor(this.#socket, clock, watch, KeyChoice.of(keys))
    this.#received = this.#receive()
    this.#monitor.connect(endpoint)
    this.#beat()
  }

  get heardAt(): number {
    return this.#dialogue.heardAt
  }

  /** Why GENESIS_CLUSTER does not let us in; null: nothing is known of it. */
  get refusal(): Refusal | null {
    return this.#monitor.refusalOf(this.#endpoint)
  }

  get known(): RosterView {
    return this.#dialogue.roster
  }

  /** Said at once: at the end of this turn, so that many changes in one are one message. */
  register(registration: Registration): void {
    if (this.#closed) return
    this.#dialogue.set(registration)
    this.#soon ??= this.#clock.after(0, () => {
      this.#soon = null
      this.#say()
    })
  }

  askToRenew(step: 'link' | 'publisher', incarnation: string): void {
    this.#dialogue.askToRenew(step, incarnation)
  }

  async close(lingerMs: number): Promise<void> {
    if (!this.#closed) {
      if (this.#soon !== null) this.#say()
      this.#closed = true
      this.#heartbeat?.cancel()
      this.#soon?.cancel()
      this.#monitor.close()
      this.#socket.linger = lingerMs
      this.#socket.close()
    }
    await Promise.all([this.#monitor.ended, this.#received])
  }

  #beat(): void {
    const ms = registrationIntervalMs * (1 - jitter * this.#random())
    this.#heartbeat = this.#clock.after(ms, () => {
      this.#beat()
      this.#handlers.tick()
      this.#dialogue.beat(this.#clock.now())
    })
  }

  #say(): void {
    if (!this.#closed) this.#dialogue.say(this.#clock.now())
  }

  #send(message: ProcessMessage): void {
    if (this.#closed) return
    try {
      // Refused while nobody is connected: it is said again then, and each second.
      this.#socket.send(encodeProcessMessage(message)).catch(() => {})
    } catch (error) {
      if (message.type !== 'register') throw error
      const shorter = shortened(message)
      if (shorter !== null) this.#send(shorter)
      else this.#clock.after(0, () => this.#handlers.failed(TidingsError.from(error)))
    }
  }

  async #receive(): Promise<void> {
    const socket = this.#socket
    while (!socket.closed) {
      try {
        const [frame, ...more] = await socket.receive()
        const message = frame && more.length === 0 ? decodeClusterMessage(frame) : null
        if (message !== null && !this.#closed) this.#dialogue.take(message, this.#clock.now())
      } catch (error) {
        if (!socket.closed) this.#handlers.failed(TidingsError.from(error))
        return
      }
    }
  }
}

/** Of whose cluster the process takes itself to be: GENESIS_CLUSTER at these ports may be of another one. */
const named = (message: ProcessMessage, cluster: string | undefined): ProcessMessage =>
  message.type === 'register' && cluster !== undefined ? { ...message, cluster } : message

/**
 * What a registration can do without when it is too long: first what only people read, then the
 * names of the subscribed tables. Null: nothing is left to leave out.
 */
function shortened(message: RegisterMessage): RegisterMessage | null {
  const { registration } = message
  if (registration.sequences.length > 0) {
    return { ...message, registration: { ...registration, sequences: [] } }
  }
  if (registration.subscribes === '*') return null
  return { ...message, registration: { ...registration, subscribes: '*' } }
}
