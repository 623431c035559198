import type { Socket } from 'zeromq'
import { Dealer, XPublisher, XSubscriber } from 'zeromq'
import type { KeyPair } from '../../src/model/key-pair.ts'
import { cleanUp } from '../harness/clean-up.ts'

/** The types of socket that ports of this product talk to. */
export const outsiderTypes = {
  subscriber: XSubscriber,
  publisher: XPublisher,
  dealer: Dealer,
} as const

export type OutsiderType = keyof typeof outsiderTypes

/** With the server's key and a pair of one's own. */
export const client = (server: string, own: KeyPair) => ({
  curveServerKey: server,
  curvePublicKey: own.public,
  curveSecretKey: own.secret,
})

/** A program that is not ours: it takes what it can get and says what it can say, at one port. */
export class Outsider {
  readonly heard: string[] = []
  readonly events: string[] = []
  readonly #socket: Socket

  /** `from`: the address of this machine that it comes from; default: what the system chooses. */
  constructor(endpoint: string, type: OutsiderType, options: object = {}, from = '') {
    const socket = new outsiderTypes[type]({ linger: 0, sendTimeout: 0, ...options })
    this.#socket = socket
    cleanUp(() => this.close())
    void this.#watch()
    void this.#listen(socket)
    socket.connect(from === '' ? endpoint : `tcp://${from}:0;${endpoint.slice('tcp://'.length)}`)
  }

  get isIn(): boolean {
    return this.events.includes('handshake')
  }

  get isRefused(): boolean {
    return this.events.some((type) => type.startsWith('handshake:error'))
  }

  /** What cannot be sent is let go. */
  say(...frames: (string | Uint8Array)[]): void {
    ;(this.#socket as XPublisher).send(frames as Buffer[]).catch(() => undefined)
  }

  close(): void {
    this.#socket.close()
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#socket.events) this.events.push(type)
  }

  async #listen(socket: AsyncIterable<Buffer[]>): Promise<void> {
    try {
      for await (const frames of socket) this.heard.push(frames.map(String).join(' '))
    } catch {
      // It is closed.
    }
  }
}
