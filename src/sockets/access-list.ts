/**
 * Who may connect, by address and key: the server of the ZeroMQ Authentication Protocol (RFC 27,
 * https://rfc.zeromq.org/spec/27/), asked by libzmq for each new connection to a bound socket.
 */
import net from 'node:net'
import type { BlockList } from 'node:net'
import { Router } from 'zeromq'
import type { Context } from 'zeromq'
import { inBackground } from '../base/background.ts'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { ConnectionMonitor } from './connection-monitor.ts'
import type { Keys } from './keys/keys.ts'
import { ownContext } from './own-context.ts'

/** Every address of this host's loopback interface. */
export const loopbackAddresses = ['127.0.0.0/8', '::1'] as const

/** Told once for each connection that was denied, and what of it is to blame. */
type Denied = (address: string, why: 'address' | 'key') => void

/** Who asks to be let in. */
interface Applicant {
  readonly address: string
  /** Of CURVE, proven; null: it has none. */
  readonly publicKey: Buffer | null
}

const zapEndpoint = 'inproc://zeromq.zap.01'
const zapVersion = '1.0'

/**
 * The list for the bound sockets that bear its `domain`. libzmq's requests wait until `load()` has
 * been called: a peer denied once is never tried again by its libzmq, so nobody is denied early.
 */
export class AccessList {
  readonly domain: string
  readonly #denied: Denied
  readonly #keys: Keys | null
  readonly #server: AccessServer
  #allowed: BlockList | null = null
  #closed = false
  readonly #waiting: { readonly of: Applicant; readonly answer: (allowed: boolean) => void }[] = []

  private constructor(domain: string, denied: Denied, keys: Keys | null, server: AccessServer) {
    this.domain = domain
    this.#denied = denied
    this.#keys = keys
    this.#server = server
  }

  /** Resolves when libzmq can ask; bind after that, and `load()` before or after. With `keys` nobody comes in without one. */
  static async open(
    denied: Denied = () => {},
    keys: Keys | null = null,
    context: Context = ownContext(),
  ) {
    const server = AccessServer.of(context)
    const list: AccessList = new AccessList(server.newDomain(), denied, keys, server)
    await server.add(list)
    return list
  }

  /**
   * Replaces the list: addresses, or networks as address/bits. It holds for connections to come.
   * @throws TidingsError USAGE for what is neither.
   */
  load(addresses: readonly string[]): void {
    const allowed = new net.BlockList()
    for (const entry of addresses) allow(allowed, entry)
    this.#allowed = allowed
    for (const { of, answer } of this.#waiting.splice(0)) answer(this.#judge(of))
  }

  /** Answers at once, or when the list is loaded. */
  ask(of: Applicant, answer: (allowed: boolean) => void): void {
    if (this.#closed) return answer(false)
    if (this.#allowed !== null) return answer(this.#judge(of))
    this.#waiting.push({ of, answer })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const { answer } of this.#waiting.splice(0)) answer(false)
    await this.#server.remove(this)
  }

  #judge({ address, publicKey }: Applicant): boolean {
    const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
    const version = net.isIP(plain)
    const isListed =
      version !== 0 && this.#allowed !== null && this.#allowed.check(plain, family(version))
    const fits = this.#fits(publicKey)
    if (!isListed || !fits) this.#denied(plain, isListed ? 'key' : 'address')
    return isListed && fits
  }

  /** Where there are keys, one of them; where there are none, none. */
  #fits(publicKey: Buffer | null): boolean {
    if (this.#keys === null) return publicKey === null
    return publicKey !== null && this.#keys.accepts(publicKey)
  }
}

const family = (version: number) => (version === 6 ? 'ipv6' : 'ipv4')

function allow(list: BlockList, entry: string): void {
  const [address = '', bits, ...rest] = entry.split('/')
  const version = net.isIP(address)
  const width = bits === undefined ? null : Number(bits)
  const widest = version === 6 ? 128 : 32
  if (version === 0 || rest.length > 0 || (width !== null && !(width >= 0 && width <= widest))) {
    throw new TidingsError('USAGE', `"${entry}" is no address and no network (address/bits)`)
  }
  if (width === null) list.addAddress(address, family(version))
  else list.addSubnet(address, width, family(version))
}

/**
 * libzmq allows one server in a context, and all our sockets share one (`ownContext`). So lists share
 * the server, each with a domain of its own.
 */
class AccessServer {
  static readonly #servers = new WeakMap<Context, AccessServer>()

  static of(context: Context): AccessServer {
    const existing = AccessServer.#servers.get(context)
    if (existing) return existing
    const server = new AccessServer(context)
    AccessServer.#servers.set(context, server)
    return server
  }

  readonly #context: Context
  readonly #lists = new Map<string, AccessList>()
  #domains = 0
  #socket: Router | null = null
  #monitor: ConnectionMonitor | null = null
  /** Opening and closing, one after the other: the endpoint can be bound again only when it is free. */
  #turn: Promise<void> = Promise.resolve()

  private constructor(context: Context) {
    this.#context = context
  }

  newDomain(): string {
    this.#domains += 1
    return `tidings-${this.#domains}`
  }

  add(list: AccessList): Promise<void> {
    this.#lists.set(list.domain, list)
    return this.#settle()
  }

  remove(list: AccessList): Promise<void> {
    this.#lists.delete(list.domain)
    return this.#settle()
  }

  /** Listens exactly as long as there is a list. */
  #settle(): Promise<void> {
    const done = this.#turn.then(async () => {
      if (this.#lists.size > 0 && this.#socket === null) this.#listen()
      else if (this.#lists.size === 0 && this.#socket !== null) await this.#silence(this.#socket)
    })
    this.#turn = done.catch(() => {})
    return done
  }

  #listen(): void {
    const socket = new Router({ context: this.#context, linger: 0, sendTimeout: 0 })
    this.#monitor = new ConnectionMonitor(socket, systemClock)
    try {
      socket.bindSync(zapEndpoint)
    } catch (error) {
      socket.close()
      throw new TidingsError(
        'TRANSPORT_FAILED',
        'another part of this program already answers for the access of ZeroMQ sockets',
        { cause: error },
      )
    }
    this.#socket = socket
    inBackground(this.#serve(socket), () => socket.close())
  }

  /**
   * The endpoint is free when the socket has ended. (`unbind()` would run on another thread while
   * this one reads the socket, and libzmq aborts the process when two threads meet in a socket.)
   */
  async #silence(socket: Router): Promise<void> {
    this.#socket = null
    socket.close()
    await this.#monitor?.ended
  }

  /** Ends when the socket is closed. */
  async #serve(socket: Router): Promise<void> {
    while (!socket.closed) {
      let frames: readonly Buffer[]
      try {
        frames = await socket.receive()
      } catch {
        return
      }
      this.#answer(socket, frames)
    }
  }

  /** Request: peer, empty, version, request id, domain, address, identity, mechanism, credentials. */
  #answer(socket: Router, frames: readonly Buffer[]): void {
    const [peer, empty, version, requestId, domain, address, , mechanism, key] = frames
    if (!peer || !empty || !version || !requestId || !domain || !address) return
    const reply = (allowed: boolean) => {
      if (socket.closed) return
      const [status, reason] = allowed ? ['200', ''] : ['400', 'not on the access list']
      socket.send([peer, empty, zapVersion, requestId, status, reason, '', '']).catch(() => {})
    }
    const list = this.#lists.get(domain.toString())
    const publicKey = mechanism?.toString() === 'CURVE' ? (key ?? nothing) : null
    if (version.toString() !== zapVersion || list === undefined) reply(false)
    else list.ask({ address: address.toString(), publicKey }, reply)
  }
}

const nothing = Buffer.alloc(0)
