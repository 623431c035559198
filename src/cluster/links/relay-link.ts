import { XPublisher, XSubscriber } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import type { LinkSnapshot } from '../../model/link-snapshot.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import { KeyChoice } from '../../sockets/keys/key-choice.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Refusal } from '../../sockets/keys/refusal.ts'
import { connectingXpub, connectingXsub, farApart } from '../../sockets/socket-options.ts'
import { NativeProxy } from '../bus/native-proxy.ts'
import { LinkAge } from './link-age.ts'

/** Pause before a dead link is made anew, milliseconds: whatever held its port has often gone by then. */
const firstRetryMs = 100

/** Longest pause between two attempts, milliseconds. */
const lastRetryMs = 2_000

/** The other end of a link: its relay port, and which life of GENESIS_CLUSTER it belongs to. */
export interface RelayTarget {
  readonly endpoint: string
  readonly life: string
}

interface RelayLinkHandlers {
  /** The connection stands (again). */
  connected(): void
  /** libzmq had given up or the proxy had ended: a new proxy is in its place. */
  renewed(why: string): void
  /** Who is there does not let us in; told again with each attempt. */
  refused(endpoint: string, refusal: Refusal): void
}

interface Running {
  readonly target: RelayTarget
  readonly proxy: NativeProxy
  readonly monitors: readonly ConnectionMonitor[]
  readonly age: LinkAge
}

/**
 * What carries updates from one other node to ours: a proxy from its relay port to our outbound.
 * A native proxy cannot notice that libzmq has given a connection up; the monitor on its socket
 * does, and the link gets a new proxy. It forwards at once: `ZeroMQProxyUnicastRelayIntervalMs`, which
 * allows a relay to gather before it sends, is accepted and asks for nothing here. Old and new never run side by side: all would come twice.
 */
export class RelayLink {
  readonly #outboundAt: string
  readonly #keys: Keys | null
  readonly #clock: Clock
  readonly #handlers: RelayLinkHandlers
  #wanted: RelayTarget | null = null
  /** Of the other end: what a proxy has found out holds for the next. */
  #choice: KeyChoice | null = null
  #running: Running | null = null
  /** Since when there is nothing that runs. */
  #waiting: LinkAge
  #turn: Promise<void> = Promise.resolve()
  #retry: Timer | null = null
  #retryMs = firstRetryMs

  constructor(outboundAt: string, keys: Keys | null, clock: Clock, handlers: RelayLinkHandlers) {
    this.#outboundAt = outboundAt
    this.#keys = keys
    this.#clock = clock
    this.#handlers = handlers
    this.#waiting = new LinkAge(clock.now())
  }

  /** Where it leads or is to lead. */
  get target(): RelayTarget | null {
    return this.#wanted
  }

  /** Leads there from now on; null: nowhere. */
  connectTo(target: RelayTarget | null): Promise<void> {
    this.#wanted = target
    this.#choice = KeyChoice.of(this.#keys)
    this.#retryMs = firstRetryMs
    return this.#apply()
  }

  /** True where making the connection anew helps. */
  mayRenew(now: number): boolean {
    return this.#running?.age.mayRenew(now) ?? false
  }

  condition(now: number): Pick<LinkSnapshot, 'state' | 'forMs'> {
    return (this.#running?.age ?? this.#waiting).condition(now)
  }

  /** Makes the connection anew: subscriptions were lost at some hop. */
  renew(): Promise<void> {
    return this.#apply()
  }

  #apply(): Promise<void> {
    this.#retry?.cancel()
    this.#retry = null
    this.#turn = this.#turn.then(() => this.#replace())
    return this.#turn
  }

  async #replace(): Promise<void> {
    const old = this.#running
    this.#running = null
    this.#waiting = (old?.age ?? this.#waiting).next(this.#clock.now())
    if (old) {
      for (const monitor of old.monitors) monitor.close()
      await old.proxy.stop()
    }
    if (this.#wanted) this.#begin(this.#wanted)
  }

  /** Without a socket to be had it is tried again: nobody else would. */
  #begin(target: RelayTarget): void {
    try {
      this.#running = this.#start(target)
    } catch (error) {
      this.#again((error as Error).message)
    }
  }

  #start(target: RelayTarget): Running {
    const front = new XSubscriber(farApart(connectingXsub(this.#keys)))
    const back = new XPublisher(connectingXpub(this.#keys))
    const dead = (_: string, why: string) => this.#died(running, why)
    const failed = ({ message }: Error) => this.#died(running, message)
    const connected = () => {
      running.age.connected(this.#clock.now())
      this.#retryMs = firstRetryMs
      this.#handlers.connected()
    }
    const disconnected = () => running.age.disconnected(this.#clock.now())
    const refused = (at: string, refusal: Refusal) => this.#handlers.refused(at, refusal)
    const [clock, ofOurs] = [this.#clock, KeyChoice.of(this.#keys)]
    const watch = { connected, disconnected, refused, dead, failed }
    const there = new ConnectionMonitor(front, clock, watch, this.#choice)
    const here = new ConnectionMonitor(back, clock, { dead, failed }, ofOurs)
    there.connect(target.endpoint)
    here.connect(this.#outboundAt)
    const proxy = new NativeProxy(front, back)
    const monitors = [there, here]
    const age = this.#waiting.next(this.#clock.now())
    const running: Running = { target, proxy, monitors, age }
    inBackground(
      running.proxy.ended.then((error) => error && this.#died(running, error.message)),
      ({ message }) => this.#died(running, message),
    )
    return running
  }

  #died(link: Running, why: string): void {
    if (this.#running === link) this.#again(why)
  }

  #again(why: string): void {
    if (this.#retry !== null) return
    this.#retry = this.#clock.after(this.#retryMs, () => {
      this.#retry = null
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
      inBackground(
        this.#apply().then(() => this.#handlers.renewed(why)),
        ({ message }) => this.#again(message),
      )
    })
  }
}
