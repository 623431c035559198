import type { Router } from 'zeromq'
import { Router as RouterSocket } from 'zeromq'
import { inBackground } from '../../base/background.ts'
import type { Clock } from '../../base/clock.ts'
import type { TidingsError } from '../../base/tidings-error.ts'
import type { NodeState } from '../../model/cluster-snapshot.ts'
import { ConnectionMonitor } from '../../sockets/connection-monitor.ts'
import type { Keys } from '../../sockets/keys/keys.ts'
import type { Misfit, Refusal } from '../../sockets/keys/refusal.ts'
import { bindPort, portRemedy } from '../../sockets/port-owner.ts'
import { boundRouter, farApart } from '../../sockets/socket-options.ts'
import { fairReceive } from '../bus/fair-receive.ts'
import type { Contact } from '../access/node-directory.ts'
import { Contacts, type WithoutSequence } from './contacts.ts'
import type { NodeRefusal, Peer, TidingsHeaders } from './peers.ts'
import { misfitOf, Peers, writeHeaders } from './peers.ts'
import type { Whisper } from './whisper.ts'
import { decodeWhisper, encodeWhisper } from './whisper.ts'
import type { Hello, ZreMessage } from './zre-codec.ts'
import { decodeZre, zreUuid } from './zre-codec.ts'

/** How often each node is pinged, milliseconds. */
export const pingIntervalMs = 500

/** How often it is looked who has fallen silent, milliseconds. */
export const memberTickMs = 250

/** Refused HELLOs that are told, each once: a host that says ever new nonsense must not fill the log. */
const maxWarnings = 100

/** Greetings that wait for another life to fall silent, and how often one is looked at before it is told. */
const maxWaiting = 100
const toldAfterLooks = 4

/** A greeting of a life that is not there yet, as far as we know. */
interface WaitingGreeting {
  readonly hello: Hello
  looks: number
}

interface MembershipHandlers {
  state(node: string, state: NodeState): void
  /** A HELLO was accepted; `begins`: this life of the node was unknown. */
  peer(peer: Peer, begins: boolean): void
  whisper(node: string, whisper: Whisper): void
  warning(message: string): void
  /** Somebody came to this endpoint and did not finish a handshake. */
  stranger(endpoint: string): void
  /** Somebody came to this endpoint with no key, or with another one. */
  misfit(endpoint: string, misfit: Misfit): void
  /** The node is there and does not let us in; told again with each attempt. */
  refused(node: string, endpoint: string, refusal: Refusal): void
  /** It hears nobody any more. */
  failed(error: TidingsError): void
}

interface MembershipOptions {
  readonly bind: string
  readonly port: number
  /** What other nodes reach us at, for the HELLO. */
  readonly endpoint: () => string
  readonly zapDomain: string
  readonly keys: Keys | null
  /** This life of GENESIS_CLUSTER: 32 hexadecimal digits. */
  readonly uuid: string
  readonly node: string
  /** The name of the cluster. */
  readonly cluster: string
  readonly refusal: NodeRefusal
  readonly clock: Clock
  readonly handlers: MembershipHandlers
}

/** Of a contact that has not said its name, the address; that of another one is its name. */
const shownId = (id: string): string => id.replace(/^@/, '')

/** The ZRE group of all nodes: each joins it right behind its HELLO. */
const clusterGroup = 'TIDINGS'

/**
 * The sockets of ZRE (RFC 36): one ROUTER that hears all nodes, and to each node a DEALER whose
 * routing id says who we are. What we say may be lost with a connection; every connection begins
 * with HELLO, and what is whispered is state that is asked for again.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #router: Router
  readonly #routerMonitor: ConnectionMonitor
  readonly #peers: Peers
  readonly #contacts: Contacts
  /** At which contact a node is. */
  readonly #places = new Map<string, string>()
  readonly #warned = new Set<string>()
  /** By UUID, the oldest first. */
  readonly #waiting = new Map<string, WaitingGreeting>()
  #headers: TidingsHeaders | null = null
  #pingedAt = -Infinity
  #closed = false

  private constructor(options: MembershipOptions) {
    this.#options = options
    const { uuid, node, cluster, refusal } = options
    this.#peers = new Peers(node, uuid, cluster, refusal)
    this.#contacts = new Contacts({
      uuid,
      clock: options.clock,
      keys: options.keys,
      refused: (id, endpoint, refusal) =>
        options.handlers.refused(this.#nodeAt(id) ?? shownId(id), endpoint, refusal),
      connection: (id, isOpen) => this.#connection(id, isOpen),
      warning: (message) => options.handlers.warning(message),
      failed: (error) => options.handlers.failed(error),
    })
    // A node that comes back through a new connection takes over from its half-open old one.
    this.#router = new RouterSocket({
      ...farApart(boundRouter(options.zapDomain, options.keys)),
      handover: true,
    })
    this.#routerMonitor = new ConnectionMonitor(this.#router, options.clock, {
      stranger: (endpoint) => options.handlers.stranger(endpoint),
      misfit: (endpoint, misfit) => options.handlers.misfit(endpoint, misfit),
      failed: (error) => options.handlers.failed(error),
    })
  }

  /** @throws TidingsError PORT_TAKEN; nothing is left open then. It is silent before `listen()`. */
  static async open(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options)
    try {
      await bindPort(
        membership.#router,
        options.bind,
        options.port,
        'ClusterPort, membership',
        portRemedy,
      )
    } catch (error) {
      await membership.close()
      throw error
    }
    return membership
  }

  /** Hears and speaks from now on; the headers say who we are. */
  listen(headers: TidingsHeaders): void {
    this.#headers = headers
    inBackground(this.#receive(), (error) => this.#options.handlers.failed(error))
  }

  /** Where other nodes are to be; each is greeted there until it is heard. */
  reach(contacts: readonly Contact[]): void {
    if (this.#closed) return
    const wanted = new Set(contacts.map(({ id }) => id))
    for (const id of this.#contacts.ids) if (!wanted.has(id)) this.#contacts.leave(id)
    for (const { id, endpoint } of contacts) this.#contacts.reach(id, endpoint)
  }

  /** Our connection to it stands. */
  isReached(node: string): boolean {
    return this.#contacts.isConnected(this.#placeOf(node))
  }

  /** Why the node does not let this one in; null: it does, or nobody is there. */
  refusalOf(node: string): Refusal | null {
    return this.#contacts.refusalAt(this.#placeOf(node))
  }

  /** A beacon says so, which anybody may have sent: it ends nothing while the connection stands. */
  leaving(uuid: string): void {
    this.#peers.leaving(uuid)
  }

  /** It is no node of the cluster any more. */
  forget(node: string): void {
    this.#peers.forget(node)
    this.#places.delete(node)
  }

  state(node: string): NodeState {
    return this.#peers.state(node)
  }

  peer(node: string): Peer | undefined {
    return this.#peers.peer(node)
  }

  /**
   * To a GENESIS_CLUSTER that is not gone; to nobody else.
   * @throws TidingsError LIMIT_EXCEEDED where it is too long.
   */
  whisper(node: string, whisper: Whisper): void {
    const theirs = this.#peers.peer(node)?.headers ?? null
    const fits = misfitOf(theirs, this.#headers?.link ?? '') === null
    if (!fits || this.#peers.state(node) === 'gone') return
    this.#say(node, { type: 'whisper' }, encodeWhisper(whisper))
  }

  /** Every `memberTickMs`. `late`: how long this process stood still. */
  tick(now: number, late: number): void {
    for (const node of this.#peers.tick(now, late)) this.#changed(node)
    // Of a tick that comes early the next one is half an interval late at most.
    if (now - this.#pingedAt < pingIntervalMs - memberTickMs / 2) return
    this.#pingedAt = now
    for (const id of this.#contacts.ids) {
      const node = this.#nodeAt(id)
      const isAlive = node !== null && this.#peers.state(node) === 'alive'
      // Who does not know us answers no ping: our HELLO was lost, or refused because of who was there before.
      if (!isAlive || !this.#contacts.answers(id)) this.#hello(id)
      if (isAlive) this.#contacts.ping(id)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#contacts.close()
    this.#router.close()
    this.#routerMonitor.close()
    await this.#routerMonitor.ended
  }

  /** A host of the definition is a contact of its name; any other node is where its HELLO said. */
  #placeOf(node: string): string {
    return this.#places.get(node) ?? node
  }

  /** null: nobody has said who is there. */
  #nodeAt(id: string): string | null {
    for (const [node, place] of this.#places) if (place === id) return node
    return null
  }

  /** Another node is there now. */
  #displace(node: string): void {
    this.#places.delete(node)
    this.#peers.connection(node, false, this.#options.clock.now())
  }

  #connection(id: string, isOpen: boolean): void {
    const node = this.#nodeAt(id)
    if (node !== null) this.#peers.connection(node, isOpen, this.#options.clock.now())
    if (isOpen) this.#hello(id)
  }

  #changed(node: string): void {
    this.#options.handlers.state(node, this.#peers.state(node))
  }

  #hello(id: string): void {
    if (this.#headers === null) return
    const { endpoint, node: name } = this.#options
    this.#contacts.say(id, {
      type: 'hello',
      endpoint: endpoint(),
      groups: [],
      status: 0,
      name,
      headers: writeHeaders(this.#headers),
    })
    this.#contacts.say(id, { type: 'join', group: clusterGroup, status: 1 })
  }

  #say(node: string, message: WithoutSequence<ZreMessage>, ...content: Uint8Array[]): void {
    this.#contacts.say(this.#placeOf(node), message, ...content)
  }

  async #receive(): Promise<void> {
    for await (const [identity, frame, ...content] of fairReceive(this.#router)) {
      if (this.#closed) return
      const uuid = identity ? zreUuid(identity) : null
      const message = frame ? decodeZre(frame) : null
      if (uuid !== null && message !== null) this.#take(uuid, message, content)
    }
  }

  #take(uuid: string, message: ZreMessage, content: readonly Buffer[]): void {
    const waiting = this.#waiting.get(uuid)
    // It need not greet us again: it has heard our HELLO perhaps, and pings.
    const hello = message.type === 'hello' ? message : waiting?.hello
    if (hello && !this.#greeted(uuid, hello)) return
    const node = this.#peers.nodeOf(uuid)
    if (node === undefined) return
    if (this.#peers.heard(node, this.#options.clock.now())) this.#changed(node)
    if (message.type === 'ping') this.#say(node, { type: 'ping-ok' })
    if (message.type === 'ping-ok') this.#contacts.answered(this.#placeOf(node))
    const first = content[0]
    const whisper = message.type === 'whisper' && first ? decodeWhisper(first) : null
    if (whisper) this.#options.handlers.whisper(node, whisper)
  }

  #greeted(uuid: string, hello: Hello): boolean {
    const at = this.#contacts.idAt(hello.endpoint)
    const outcome = this.#peers.hello(uuid, hello, at)
    const looks = (this.#waiting.get(uuid)?.looks ?? 0) + 1
    this.#waiting.delete(uuid)
    if (outcome.type === 'held') this.#wait(uuid, { hello, looks })
    if (outcome.type === 'refused' || (outcome.type === 'held' && looks === toldAfterLooks))
      this.#warnOnce(`a HELLO was refused: ${outcome.why}`)
    if (outcome.type !== 'accepted') return false
    const { node } = outcome.peer
    const place = this.#contacts.has(node) ? node : (at ?? node)
    for (const [other, its] of this.#places) if (its === place) this.#displace(other)
    this.#places.set(node, place)
    this.#peers.connection(node, this.#contacts.isConnected(place), this.#options.clock.now())
    this.#options.handlers.peer(outcome.peer, outcome.begins)
    return true
  }

  #wait(uuid: string, greeting: WaitingGreeting): void {
    const [oldest] = this.#waiting.keys()
    if (oldest !== undefined && this.#waiting.size >= maxWaiting) this.#waiting.delete(oldest)
    this.#waiting.set(uuid, greeting)
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message) || this.#warned.size >= maxWarnings) return
    this.#warned.add(message)
    this.#options.handlers.warning(message)
  }
}
