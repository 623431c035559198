import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { XPublisher, XSubscriber } from 'zeromq'
import { abortable } from '../../base/abortable.ts'
import { inBackground } from '../../base/background.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { connectWith } from '../../sockets/keys/curve.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import { connectingXpub, connectingXsub } from '../../sockets/socket-options.ts'
import { busProxies } from './bus.ts'
import { connectSocket } from '../../sockets/uninterrupted.ts'

/** Threads that libuv starts when nobody says otherwise (documentation of libuv). */
const defaultThreads = 4

/** The most that libuv takes from the environment (documentation of libuv). */
const maxThreads = 1_024

/** Threads kept for files and name resolution beside the proxies. */
const reservedThreads = 2

/** How long the proxies and a file read may take together where the environment gives too few threads, milliseconds. */
const fewThreadsCheckMs = 5_000

/**
 * The same where it gives enough: then a busy machine is more likely than a full pool. The environment may
 * be wrong: it counts as it was when the pool began.
 */
const enoughThreadsCheckMs = 60_000

/** How often the probe is said again, milliseconds: one sent before the subscription came is lost. */
const probeIntervalMs = 20

/** Endpoints of a bus: where it is published to, and where that is heard. */
interface BusEnds {
  readonly inbound: string
  readonly outbound: string
  readonly relay: string
}

/** Threads of libuv's pool as the environment said when Node started. */
export function threadPoolSize(environment: NodeJS.ProcessEnv = process.env): number {
  const threads = Number.parseInt(environment['UV_THREADPOOL_SIZE'] ?? '', 10)
  return Number.isNaN(threads) ? defaultThreads : Math.min(Math.max(threads, 1), maxThreads)
}

/** How many links the pool has threads for: a surplus proxy would wait for ever. */
export function linkLimit(threads: number): number {
  return Math.max(0, threads - busProxies - reservedThreads)
}

/**
 * Proves that all proxies run and that files can still be read: a proxy without a thread of its own
 * carries nothing, and says nothing. `ends` are endpoints where this host's processes connect, and where what leaves
 * it is heard; `threads`: how many the environment gives.
 * @throws TidingsError THREAD_POOL_TOO_SMALL, ABORTED
 */
export async function checkThreadPool(
  ends: BusEnds,
  clock: Clock,
  signal?: AbortSignal,
  threads = threadPoolSize(),
  keys: Keys | null = null,
): Promise<void> {
  const needed = busProxies + reservedThreads
  const isEnough = threads >= needed
  const timeoutMs = isEnough ? enoughThreadsCheckMs : fewThreadsCheckMs
  const probe = new BusProbe(ends, clock, keys)
  const passed = Promise.all([probe.passed, readFile(new URL(import.meta.url))])
  let late: Timer | undefined
  let done: boolean
  try {
    done = await abortable<boolean>(signal, (resolve, reject) => {
      late = clock.after(timeoutMs, () => resolve(false))
      inBackground(
        passed.then(() => resolve(true)),
        reject,
      )
    })
  } finally {
    late?.cancel()
    probe.close()
  }
  if (done) return
  throw new TidingsError(
    'THREAD_POOL_TOO_SMALL',
    isEnough
      ? `the proxies of GENESIS_CLUSTER have carried nothing for ${timeoutMs / 1000} s, though UV_THREADPOOL_SIZE says ${threads} threads: the machine is too busy, or it was set ` +
          'when the process had begun already; set it in the environment before it starts, or start it with `tidings cluster`, which does'
      : `the proxies of GENESIS_CLUSTER need ${needed} threads and one more for each other node, and this process has ${threads}: ` +
          'set UV_THREADPOOL_SIZE in its environment before it starts, or start it with `tidings cluster`, which does',
  )
}

/** One message through inbound, heard at outbound and at relay. */
class BusProbe {
  readonly passed: Promise<void>
  readonly #topic = `status/probe-${randomUUID()}/`
  readonly #publisher = new XPublisher(connectingXpub())
  readonly #subscribers: XSubscriber[]
  readonly #clock: Clock
  #closed = false

  constructor({ inbound, outbound, relay }: BusEnds, clock: Clock, keys: Keys | null) {
    this.#clock = clock
    const connect = (socket: XPublisher | XSubscriber, endpoint: string) => {
      if (keys) connectWith(socket, keys.own)
      connectSocket(socket, endpoint)
    }
    connect(this.#publisher, inbound)
    this.#subscribers = [outbound, relay].map((endpoint) => {
      const subscriber = new XSubscriber(connectingXsub())
      connect(subscriber, endpoint)
      return subscriber
    })
    this.passed = Promise.all(this.#subscribers.map((each) => this.#heard(each))).then(() => {})
    inBackground(this.#drain(), () => {})
    this.#send()
  }

  close(): void {
    this.#closed = true
    this.#publisher.close()
    for (const subscriber of this.#subscribers) subscriber.close()
  }

  /** Resolves when the topic has come; never when it is closed before. */
  async #heard(subscriber: XSubscriber): Promise<void> {
    await subscriber.send(`\x01${this.#topic}`)
    for await (const [topic] of subscriber) if (topic?.toString() === this.#topic) return
    await new Promise(() => {})
  }

  /** A socket on which no receive is pending takes no new peers in. */
  async #drain(): Promise<void> {
    for await (const _ of this.#publisher) if (this.#closed) return
  }

  #send(): void {
    if (this.#closed) return
    this.#publisher.send([this.#topic, '']).catch(() => {})
    this.#clock.after(probeIntervalMs, () => this.#send())
  }
}
