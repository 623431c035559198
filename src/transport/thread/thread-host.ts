import type { MessagePort } from 'node:worker_threads'
import { inBackground } from '../../base/background.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { Hop } from '../../model/hop.ts'
import type { Registration, RosterChange } from '../../model/roster-entry.ts'
import type { Transport, TransportHandlers } from '../transport.ts'
import { unpackAddressees } from './addressees.ts'
import { ThreadSender, threadSenderLimits } from './thread-sender.ts'
import { unpackFrames } from './packed-frames.ts'
import { tellError, type FramesMessage, type WorkerMessage } from './thread-messages.ts'

/** How long closing after the death of a worker may take to tell GENESIS_CLUSTER of it. */
const farewellMs = 500

/**
 * The main thread's side of one transport of a worker thread: it has the sockets. A worker that ends,
 * however it ends, closes its port, and then the sockets are closed as those of a process that died.
 */
export class ThreadHost {
  readonly #port: MessagePort
  readonly #outbox: ThreadSender
  readonly #make: () => Promise<Transport>
  readonly #abort = new AbortController()
  #transport: Transport | null = null
  /** What the worker last said of itself, once it is registered. */
  #registration: Registration | null = null
  #isClosing = false

  /** `make`: the transport to be opened, once the worker asks. */
  constructor(port: MessagePort, make: () => Promise<Transport>) {
    this.#port = port
    this.#make = make
    this.#outbox = new ThreadSender(port, threadSenderLimits.toWorkerBytes)
    port.on('message', (message: WorkerMessage) => this.#take(message))
    port.on('close', () => this.#workerDied())
    this.#outbox.post({ type: 'accepted' })
  }

  #take(message: WorkerMessage): void {
    switch (message.type) {
      case 'open':
        return inBackground(this.#open(message.registration), (error) => this.#fail(error))
      case 'abort':
        return this.#abort.abort()
      case 'close':
        return this.#close(message.lingerMs)
      case 'taken':
        return this.#outbox.taken(message.bytes)
      case 'down':
      case 'up':
        return this.#carry(message)
      case 'register':
        this.#registration = message.registration
        return this.#transport?.register(message.registration)
      case 'renew':
        return this.#transport?.renew(message.hop, message.incarnation)
      default:
        return this.#transport?.[message.type](message.prefix)
    }
  }

  #carry({ type, packed }: FramesMessage): void {
    const bytes = packed.bytes.byteLength
    for (const [frame, addressees] of unpackFrames(packed)) {
      if (frame === undefined) continue
      // Its topic stands at its beginning, where ZeroMQ looks for it.
      if (type === 'down') this.#transport?.send('', frame)
      else this.#transport?.request(frame, unpackAddressees(addressees))
    }
    this.#outbox.post({ type: 'taken', bytes })
  }

  async #open(registration: Registration): Promise<void> {
    const transport = await this.#make()
    if (this.#isClosing) return
    this.#transport = transport
    const opened = await transport.open(registration, this.#handlers(), this.#abort.signal)
    this.#registration ??= opened
    const hopsToStrangers = transport.hops('')
    const { port } = transport
    this.#outbox.post({ type: 'opened', registration: opened, port, hopsToStrangers })
  }

  #handlers(): TransportHandlers {
    const outbox = this.#outbox
    return {
      message: (message) => outbox.add('down', [message]),
      room: () => outbox.roomAgain(),
      // Whoever asked asks again. Twice the room: where updates fill it, requests still come through.
      request: (frame) => {
        if (outbox.room > -threadSenderLimits.toWorkerBytes) outbox.add('up', [frame])
      },
      roster: (change) => this.#tellRoster(change),
      registered: (registration) => outbox.post({ type: 'registered', registration }),
      reconnected: () => outbox.post({ type: 'reconnected' }),
      sharedHop: (stands) => outbox.post({ type: 'shared-hop', stands }),
      event: (event) => {
        const connections = this.#transport?.connections()
        if (connections) outbox.post({ type: 'event', event, connections })
      },
      failed: (error) => this.#fail(error),
    }
  }

  #tellRoster(change: RosterChange): void {
    const bytes = change.entries.length * threadSenderLimits.rosterEntryBytes
    this.#outbox.post({ type: 'roster', change, hops: this.#hopsTo(change), bytes }, bytes)
    if (
      this.#outbox.room >
      threadSenderLimits.toWorkerBytes - threadSenderLimits.waitingForWorkerBytes
    )
      return
    this.#fail(
      new TidingsError('TRANSPORT_FAILED', 'the worker thread has stood still for too long'),
    )
  }

  #hopsTo({ entries }: RosterChange): (readonly Hop[])[] {
    return entries.map(({ incarnation }) => this.#transport?.hops(incarnation) ?? [])
  }

  #fail(error: TidingsError): void {
    this.#outbox.post({ type: 'failed', error: tellError(error) })
    this.#close(0)
  }

  /** The pid lives on, so this says what the node would see of a process of its own. */
  #workerDied(): void {
    if (this.#isClosing) return
    const registration = this.#registration
    if (!registration) return this.#close(0)
    this.#transport?.register({ ...registration, state: 'ended' })
    this.#close(farewellMs)
  }

  #close(lingerMs: number): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#abort.abort()
    inBackground(this.#end(lingerMs), (error) => {
      this.#outbox.post({ type: 'failed', error: tellError(error) })
      this.#farewell()
    })
  }

  async #end(lingerMs: number): Promise<void> {
    await this.#transport?.close(lingerMs)
    this.#farewell()
  }

  /** The worker waits for this word, whatever became of the sockets. */
  #farewell(): void {
    this.#outbox.post({ type: 'closed' })
    this.#outbox.close()
    this.#port.close()
  }
}
