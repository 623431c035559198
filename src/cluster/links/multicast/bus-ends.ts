import { XPublisher, XSubscriber } from 'zeromq'
import { inBackground } from '../../../base/background.ts'
import type { Clock } from '../../../base/clock.ts'
import type { TidingsError } from '../../../base/tidings-error.ts'
import { ConnectionMonitor } from '../../../sockets/connection-monitor.ts'
import { KeyChoice } from '../../../sockets/keys/key-choice.ts'
import type { Keys } from '../../../sockets/keys/keys.ts'
import { connectingXpub, connectingXsub } from '../../../sockets/socket-options.ts'
import { disconnectSocket } from '../../../sockets/uninterrupted.ts'
import { fairReceive } from '../../bus/fair-receive.ts'

interface BusEndsOptions {
  readonly outboundAt: string
  readonly relayAt: string
  readonly keys: Keys | null
  readonly clock: Clock
  /** From a publisher of this node. */
  readonly exported: (message: Buffer) => void
  /** From the subscribers of this node: a subscription, or a request. */
  readonly upstream: (frame: Buffer) => void
  /** More of what is exported would only wait: nothing is read until `resume()`. */
  readonly isFull: () => boolean
  readonly failed: (error: TidingsError) => void
}

/**
 * Where the bus of this node is met: what its publishers export comes in at one end, and what the other nodes sent goes
 * out at the other, to whom all subscriptions and requests of its processes come up.
 *
 * The outbound end has no mark: many messages that waited for one before them go out in one turn, and the proxy behind it
 * never waits for its subscribers.
 */
export class BusEnds {
  readonly #options: BusEndsOptions
  readonly #export: XSubscriber
  readonly #outbound: XPublisher
  readonly #monitors: ConnectionMonitor[] = []
  #resume: (() => void) | null = null
  #isClosed = false

  constructor(options: BusEndsOptions) {
    this.#options = options
    const { keys } = options
    this.#export = new XSubscriber(connectingXsub(keys))
    this.#outbound = new XPublisher({ ...connectingXpub(keys), sendHighWaterMark: 0 })
    this.#connect(this.#export, options.relayAt)
    this.#connect(this.#outbound, options.outboundAt)
    inBackground(this.#readExport(), options.failed)
    inBackground(this.#readUpstream(), options.failed)
  }

  give(message: Buffer): void {
    this.#outbound.send(message).catch(() => {})
  }

  /** Of the publishers of this node. Prefixes are texts of one character a byte. */
  subscribe(prefix: string, isAdded: boolean): void {
    this.request(Buffer.from(`${isAdded ? '\x01' : '\x00'}${prefix}`, 'latin1'))
  }

  request(frame: Buffer): void {
    this.#export.send(frame).catch(() => {})
  }

  /** What is exported is read again. */
  resume(): void {
    this.#resume?.()
    this.#resume = null
  }

  close(): void {
    this.#isClosed = true
    for (const monitor of this.#monitors) monitor.close()
    this.#export.close()
    this.#outbound.close()
    this.resume()
  }

  #connect(socket: XSubscriber | XPublisher, endpoint: string): void {
    const { clock, keys, failed } = this.#options
    const dead = (): void => {
      disconnectSocket(socket, endpoint)
      monitor.connect(endpoint)
    }
    const monitor = new ConnectionMonitor(socket, clock, { dead, failed }, KeyChoice.of(keys))
    this.#monitors.push(monitor)
    monitor.connect(endpoint)
  }

  /** A message in two frames means the same as in one. */
  async #readExport(): Promise<void> {
    for await (const frames of fairReceive(this.#export)) {
      if (this.#isClosed) return
      const [frame] = frames
      if (frames.length > 1) this.#options.exported(Buffer.concat(frames))
      else if (frame) this.#options.exported(frame)
      if (this.#options.isFull()) await this.#untilResumed()
    }
  }

  #untilResumed(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      this.#resume = resolve
    })
  }

  async #readUpstream(): Promise<void> {
    for await (const [frame] of fairReceive(this.#outbound)) {
      if (this.#isClosed) return
      if (frame) this.#options.upstream(frame)
    }
  }
}
