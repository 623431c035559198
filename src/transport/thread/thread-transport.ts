import { noConnections } from '../../model/new-registration.ts'
import { MessageChannel, postMessageToThread, type MessagePort } from 'node:worker_threads'
import { inBackground } from '../../base/background.ts'
import { checkAborted } from '../../base/abortable.ts'
import type { Clock } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { ConnectionCounts, Registration } from '../../model/roster-entry.ts'
import type { Hop } from '../../model/hop.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import type { ZeroMQChoice } from '../zeromq/connections/load-transport.ts'
import { packAddressees } from './addressees.ts'
import { ThreadSender, threadSenderLimits } from './thread-sender.ts'
import { unpackFrames } from './packed-frames.ts'
import {
  threadProtocol,
  toldError,
  type FramesMessage,
  type HostMessage,
  type HostRequest,
  type ThreadRosterMessage,
} from './thread-messages.ts'

/** Of the main thread, as Node numbers threads. */
const mainThread = 0

/** How a request gets to whoever hosts transports; rejects where nobody does. */
export type AskHost = (request: HostRequest) => Promise<void>

const askMainThread: AskHost = (request) => postMessageToThread(mainThread, request, [request.port])

/** A worker thread's transport: the sockets are the main thread's, see `hostThreads()`. */
export class ThreadTransport implements Transport {
  readonly #choice: ZeroMQChoice
  readonly #clock: Clock
  readonly #ask: AskHost
  readonly #port: MessagePort
  readonly #far: MessagePort
  readonly #outbox: ThreadSender
  readonly #accepted = Promise.withResolvers<void>()
  readonly #opened = Promise.withResolvers<Registration>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #hops = new Map<string, readonly Hop[]>()
  #hopsToStrangers: readonly Hop[] = []
  /** As the main thread tells it. */
  #processPort: number | null = null
  #connections: ConnectionCounts = noConnections
  #handlers: TransportHandlers | null = null
  #isAsked = false
  #isOpen = false
  #closing: Promise<void> | null = null
  #refused = 0

  constructor(choice: ZeroMQChoice, clock: Clock, ask: AskHost = askMainThread) {
    this.#choice = choice
    this.#clock = clock
    this.#ask = ask
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#far = port2
    this.#outbox = new ThreadSender(port1, threadSenderLimits.toMainBytes)
    // Whoever is refused is told by `open()`.
    for (const { promise } of [this.#accepted, this.#opened]) promise.catch(() => {})
  }

  get port(): number | null {
    return this.#processPort
  }

  async open(
    registration: Registration,
    handlers: TransportHandlers,
    signal: AbortSignal,
  ): Promise<Registration> {
    if (this.#handlers) throw new TidingsError('USAGE', 'a transport is opened once')
    this.#handlers = handlers
    const abort = (): void => this.#outbox.post({ type: 'abort' })
    try {
      await this.#findHost(signal)
      signal.addEventListener('abort', abort, { once: true })
      this.#outbox.post({ type: 'open', registration })
      const opened = await this.#opened.promise
      this.#isOpen = true
      return opened
    } catch (error) {
      await this.close(0)
      checkAborted(signal)
      throw TidingsError.from(error)
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  send(_topic: string, message: Uint8Array): void {
    this.#add('down', message)
  }

  request(frame: Uint8Array, publishers: readonly string[] | null): void {
    this.#add('up', frame, ...packAddressees(publishers))
  }

  subscribe(prefix: string): void {
    this.#outbox.post({ type: 'subscribe', prefix })
  }

  unsubscribe(prefix: string): void {
    this.#outbox.post({ type: 'unsubscribe', prefix })
  }

  register(registration: Registration): void {
    this.#outbox.post({ type: 'register', registration })
  }

  hops(incarnation: string): readonly Hop[] {
    return this.#hops.get(incarnation) ?? this.#hopsToStrangers
  }

  renew(hop: Hop, incarnation: string): void {
    this.#outbox.post({ type: 'renew', hop, incarnation })
  }

  connections(): ConnectionCounts {
    return this.#connections
  }

  close(lingerMs: number): Promise<void> {
    return (this.#closing ??= this.#close(lingerMs))
  }

  async #close(lingerMs: number): Promise<void> {
    if (!this.#isAsked) this.#ended.resolve()
    this.#opened.reject(new TidingsError('CLOSED', 'the transport was closed'))
    this.#outbox.post({ type: 'close', lingerMs })
    this.#outbox.close()
    await this.#ended.promise
    this.#port.close()
  }

  /** Hands the port over; from then on it holds this thread's event loop, as sockets do. */
  async #findHost(signal: AbortSignal): Promise<void> {
    checkAborted(signal)
    const { clusterTimeoutMs } = this.#choice
    this.#port.on('message', (message: HostMessage) => this.#take(message))
    this.#port.on('close', () => this.#lost())
    const refuse = (error: TidingsError): void => {
      this.#ended.resolve()
      this.#accepted.reject(error)
    }
    const request: HostRequest = {
      tidings: 'host a transport',
      protocol: threadProtocol,
      choice: this.#choice,
      port: this.#far,
    }
    this.#isAsked = true
    this.#ask(request).catch(() => refuse(notHosted()))
    const late = this.#clock.after(clusterTimeoutMs, () => refuse(mainIsBusy(clusterTimeoutMs)))
    const abort = (): void => refuse(new TidingsError('ABORTED', 'the signal was aborted'))
    signal.addEventListener('abort', abort, { once: true })
    try {
      await this.#accepted.promise
    } finally {
      late.cancel()
      signal.removeEventListener('abort', abort)
    }
  }

  #take(message: HostMessage): void {
    switch (message.type) {
      case 'accepted':
        return this.#accepted.resolve()
      case 'opened':
        this.#hopsToStrangers = message.hopsToStrangers
        this.#processPort = message.port
        return this.#opened.resolve(message.registration)
      case 'failed':
        return this.#fail(toldError(message.error))
      case 'closed':
        return this.#ended.resolve()
      case 'taken':
        return this.#outbox.taken(message.bytes)
      default:
        if (!this.#closing) this.#tell(message)
    }
  }

  #tell(message: Exclude<HostMessage, { type: 'accepted' | 'opened' | 'failed' | 'taken' }>): void {
    switch (message.type) {
      case 'down':
      case 'up':
        return this.#bring(message)
      case 'roster':
        this.#noteHops(message)
        this.#handlers?.roster(message.change)
        return this.#outbox.post({ type: 'taken', bytes: message.bytes })
      case 'registered':
        return this.#handlers?.registered(message.registration)
      case 'reconnected':
        return this.#handlers?.reconnected()
      case 'shared-hop':
        return this.#handlers?.sharedHop(message.stands)
      case 'event':
        this.#connections = message.connections
        return this.#handlers?.event(message.event)
      default:
        return undefined
    }
  }

  #noteHops({ change, hops }: ThreadRosterMessage): void {
    for (const [index, { incarnation, state }] of change.entries.entries())
      if (state === 'ended') this.#hops.delete(incarnation)
      else this.#hops.set(incarnation, hops[index] ?? [])
    for (const incarnation of change.letGo ?? []) this.#hops.delete(incarnation)
  }

  #bring({ type, packed }: FramesMessage): void {
    const bytes = packed.bytes.byteLength
    for (const [frame] of unpackFrames(packed)) {
      if (frame === undefined) continue
      if (type === 'down') this.#handlers?.message(frame)
      else this.#handlers?.request(frame)
    }
    this.#outbox.post({ type: 'taken', bytes })
  }

  /** Dropped where the main thread does not take it, as a connection drops it. */
  #add(way: 'down' | 'up', ...frames: readonly Uint8Array[]): void {
    if (this.#outbox.room > 0) return this.#outbox.add(way, frames)
    this.#refused += 1
    if (this.#refused > 1) return
    setImmediate(() => {
      const count = this.#refused
      this.#refused = 0
      this.#handlers?.event({ type: 'refused', reason: 'send', count })
    })
  }

  #fail(error: TidingsError): void {
    this.#accepted.reject(error)
    this.#opened.reject(error)
    if (!this.#isOpen || this.#closing) return
    // Its failure is told to whoever closes the queue, which waits for the same.
    inBackground(this.close(0), () => undefined)
    this.#handlers?.failed(error)
  }

  #lost(): void {
    this.#ended.resolve()
    this.#fail(new TidingsError('TRANSPORT_FAILED', 'the main thread has ended'))
  }
}

function notHosted(): TidingsError {
  return new TidingsError(
    'WORKER_NOT_HOSTED',
    "the sockets of a worker thread's queue live in the main thread, which has not imported tidings: " +
      "add `import 'tidings'` there, before the worker opens its queue",
  )
}

function mainIsBusy(ms: number): TidingsError {
  return new TidingsError(
    'CLUSTER_UNREACHABLE',
    `the main thread of this process, where the sockets of a worker thread's queue live, has not answered within ${ms} ms: ` +
      'it was busy, or has imported another version of tidings',
  )
}
