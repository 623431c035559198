import { ownBytes } from '../../base/own-bytes.ts'
import { Router } from 'zeromq'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Misfit } from '../../sockets/keys/refusal.ts'
import { bindPort, portRemedy } from '../../sockets/port-owner.ts'
import type { ClusterMessage, ProcessMessage } from '../../registration/registration-message.ts'
import {
  decodeProcessMessage,
  encodeClusterMessage,
} from '../../registration/registration-message.ts'
import { registrationRouter } from '../../sockets/socket-options.ts'
import { fairReceive } from '../bus/fair-receive.ts'

interface RegistrationPortOptions {
  readonly bind: string
  readonly port: number
  readonly zapDomain: string
  readonly keys: Keys | null
  readonly clock: Clock
  /** Somebody came to this endpoint and did not finish a handshake. */
  readonly stranger: (endpoint: string) => void
  /** Somebody came to this endpoint with no key, or with another one. */
  readonly misfit: (endpoint: string, misfit: Misfit) => void
  /** `route` names the connection: where answers go. */
  message(route: string, message: ProcessMessage): void
  /** A message could be sent on this connection: somebody is at its other end. */
  isOpen(route: string): void
  /** Nobody is at the other end of this connection any more. */
  gone(route: string): void
  /** Some connection has ended; which one, sending tells. */
  ended(): void
  /** It hears no more which connections end. */
  failed(error: TidingsError): void
}

/** The ROUTER that the processes of the node register at. */
export class RegistrationPort {
  readonly #router: Router
  readonly #monitor: ConnectionMonitor
  readonly #options: RegistrationPortOptions
  /** The same message often goes to many, one after the other. */
  #encoded: { readonly message: ClusterMessage; readonly frame: Uint8Array } | null = null
  #unreadable = 0

  private constructor(options: RegistrationPortOptions) {
    this.#options = options
    this.#router = new Router(registrationRouter(options.zapDomain, options.keys))
    const { clock, stranger, misfit } = options
    this.#monitor = new ConnectionMonitor(this.#router, clock, {
      stranger,
      misfit,
      departed: () => options.ended(),
      failed: (error) => options.failed(error),
    })
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. It hears nothing before `listen()`. */
  static async open(options: RegistrationPortOptions): Promise<RegistrationPort> {
    const port = new RegistrationPort(options)
    try {
      const purpose = 'TidingsRegistryPort, registration of processes'
      await bindPort(port.#router, options.bind, options.port, purpose, portRemedy)
    } catch (error) {
      await port.close()
      throw error
    }
    return port
  }

  /** Frames that were no message of the protocol. */
  get unreadable(): number {
    return this.#unreadable
  }

  /**
   * Dropped where the connection is gone, which is told, or does not read: everything is said again.
   * @throws TidingsError LIMIT_EXCEEDED where the message is too long.
   */
  send(route: string, message: ClusterMessage): void {
    if (this.#encoded?.message !== message)
      this.#encoded = { message, frame: encodeClusterMessage(message) }
    const { frame } = this.#encoded
    this.#router.send([ownBytes(route, 'latin1'), frame]).then(
      () => this.#options.isOpen(route),
      (error: unknown) => {
        const { code } = error as { code?: string }
        if (code === 'EHOSTUNREACH') this.#options.gone(route)
        // EAGAIN: its queue is full.
        else if (code === 'EAGAIN') this.#options.isOpen(route)
      },
    )
  }

  async close(): Promise<void> {
    this.#router.close()
    this.#monitor.close()
    await this.#monitor.ended
  }

  /** Takes messages from now on; until then libzmq keeps them. */
  async listen(): Promise<void> {
    for await (const [route, frame] of fairReceive(this.#router)) {
      const message = frame ? decodeProcessMessage(frame) : null
      if (!route || message === null) this.#unreadable += 1
      else this.#options.message(route.toString('latin1'), message)
    }
  }
}
