/**
 * How every socket of this product is set up. libzmq's defaults leave a dead peer unnoticed for
 * 25 s, count high-water marks in messages of any size, and accept whoever comes.
 */
import type { Dealer, Router, SocketOptions, XPublisher, XSubscriber } from 'zeromq'
import { version as installedVersion } from 'zeromq'
import { randomId } from '../base/random.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Keys } from './keys/keys.ts'
import { curveServer } from './keys/curve.ts'
import { ownContext } from './own-context.ts'
import { maxRegistrationMessageBytes } from '../model/registration-limits.ts'

export const socketLimits = {
  /** A quiet connection is asked so often by the kernel whether its peer's host is there. */
  keepaliveIntervalMs: 1_000,
  /** So many unanswered: it is closed; libzmq makes it anew. */
  keepaliveProbes: 3,
  /** ZMTP pings of GENESIS_CLUSTER processes to each other: a host that is there may be frozen. */
  heartbeatIntervalMs: 300,
  /** Unanswered for so long: the connection is closed and made anew, so that within two seconds a node is suspect. */
  heartbeatTimeoutMs: 1_000,
  /** The same where a handshake took longer than `nearHandshakeMs`. */
  farHeartbeatTimeoutMs: 3_000,
  /** A handshake of a third of a heartbeat's time: an answer comes well within it. */
  nearHandshakeMs: 300,
  /** A SYN into a black hole is given up, so that the next attempt takes the healed path. */
  connectTimeoutMs: 1_000,
  /** The same between nodes, which may be far apart: a handshake takes two round trips and a half. */
  farConnectTimeoutMs: 3_000,
  /** First pause before a connection is tried again; libzmq adds a random part and doubles it. */
  reconnectIntervalMs: 100,
  /** Longest pause between nodes: a restarted peer has all its connections back within it. */
  reconnectMaxIntervalMs: 2_000,
  /** The same within a node, where an attempt in vain costs next to nothing: it is long before updates flow again otherwise. */
  nearReconnectMaxIntervalMs: 400,
  /** Who has not finished the handshake by then is put out: idle raw connections hold no place for long. */
  handshakeIntervalMs: 2_000,
  /** The same at the ports that other nodes connect to, and where we connect to theirs. */
  farHandshakeIntervalMs: 6_000,
  /** Bytes that nobody acknowledges close the connection after this. */
  tcpMaxRetransmitTimeoutMs: 5_000,
  /** Connections waiting to be accepted: hundreds of processes may start, or come back, at once. */
  backlog: 1_024,
  /** Bytes of one frame, downwards; a larger one ends the connection, so `send()` refuses it. */
  maxFrameBytes: 5 * 1024 * 1024,
  /**
   * Bytes of one frame at the inbound port: what a foreign program sends beyond `maxForeignBytes` is
   * refused and told. A larger one ends its connection.
   */
  maxInboundBytes: 16 * 1024 * 1024,
  /** Bytes of one frame where only requests and subscriptions come in. */
  maxRequestBytes: 1024 * 1024,
  /**
   * Messages that an XSUB holds for its reader, then TCP holds up the sender: 16 MiB in batches of
   * 64 KiB. libzmq counts messages, whatever their size.
   */
  receiveHighWaterMark: 256,
  /**
   * Messages that an XPUB holds for one peer before it drops: 32 MiB in batches of 64 KiB, what a
   * publisher may take beside its retention. Not less, since the marks of some hundred tables go
   * out in one turn. Never change it on an open socket to fit the size of messages: a pipe then
   * waits for a word that its other end no longer says, and carries nothing any more.
   */
  sendHighWaterMark: 512,
  /**
   * Requests and subscriptions that an XPUB takes from one peer ahead of its reader. Each time it
   * is used, libzmq moves all it has taken into a queue without bounds; so what can be taken
   * between two reads must be little, and TCP holds up who sends more. 300,000 requests of 1 kB:
   * +16 MB with 4, +257 MB with libzmq's 1,000; some 100,000 a second still come through.
   */
  upstreamHighWaterMark: 4,
  /** First pause of the registration connection: who does not come back within 250 ms is taken for dead. */
  registrationReconnectIntervalMs: 20,
  /** Registration messages held for one peer: all are said again, so few are enough. */
  registrationHighWaterMark: 64,
} as const

/** For tests: the marks of all updates, in messages, so that every burst overflows. */
const markVariable = 'TIDINGS_HIGH_WATER_MARK'

/** @throws TidingsError USAGE where the variable is no whole number from 1 */
function markOr(standard: number): number {
  const text = process.env[markVariable]
  if (text === undefined || text === '') return standard
  const mark = Number(text)
  if (Number.isSafeInteger(mark) && mark >= 1 && mark <= 1_000_000) return mark
  throw new TidingsError(
    'USAGE',
    `${markVariable} must be a whole number from 1 to 1000000, got ${JSON.stringify(text)}`,
  )
}

/** Before it, crafted frames could crash or corrupt a process (CVE-2020-15166, CVE-2021-20235 …). */
const leastLibzmq = [4, 3, 5] as const

/** @throws TidingsError LIBZMQ_TOO_OLD */
export function requireLibzmq(version: string = installedVersion): void {
  const parts = version.split('.').map(Number)
  for (const [place, least] of leastLibzmq.entries()) {
    const part = parts[place] ?? 0
    if (part > least) return
    if (part < least || Number.isNaN(part)) {
      throw new TidingsError(
        'LIBZMQ_TOO_OLD',
        `libzmq ${version} is installed; at least ${leastLibzmq.join('.')} is needed`,
      )
    }
  }
}

/**
 * What all sockets share. A new object each time: zeromq.js writes to the one it is given.
 *
 * No ZMTP heartbeats: once a queue is full libzmq 4.3.5 reads no more of that connection, answers
 * to pings included, and takes it for dead; and if it does break while its queue is full, the next
 * ping ends the process (`Assertion failed: !_io_error`, `_input_stopped`). So a process that stood
 * still for three seconds under load was aborted. The kernel asks instead.
 */
function always() {
  return {
    context: ownContext(),
    tcpKeepalive: 1,
    tcpKeepaliveIdle: socketLimits.keepaliveIntervalMs / 1000,
    tcpKeepaliveInterval: socketLimits.keepaliveIntervalMs / 1000,
    tcpKeepaliveCount: socketLimits.keepaliveProbes,
    handshakeInterval: socketLimits.handshakeIntervalMs,
    tcpMaxRetransmitTimeout: socketLimits.tcpMaxRetransmitTimeoutMs,
    sendTimeout: 0,
    linger: 0,
  }
}

function connecting() {
  return {
    connectTimeout: socketLimits.connectTimeoutMs,
    reconnectInterval: socketLimits.reconnectIntervalMs,
    reconnectMaxInterval: socketLimits.nearReconnectMaxIntervalMs,
  }
}

/** A socket that connects to another node, or that other nodes connect to. */
export function farApart<Options extends object>(options: Options): Options {
  return {
    ...options,
    connectTimeout: socketLimits.farConnectTimeoutMs,
    reconnectMaxInterval: socketLimits.reconnectMaxIntervalMs,
    handshakeInterval: socketLimits.farHandshakeIntervalMs,
  }
}

/** Bytes that encryption adds to a frame (RFC 26: 33), rounded up: libzmq measures what comes before it opens it. */
const encryptionBytes = 64

/** The largest frame that comes in, where so many bytes of it are ours. */
const largest = (bytes: number, keys: Keys | null): number => bytes + (keys ? encryptionBytes : 0)

/** Without a domain the access list is never asked; with `zapEnforceDomain` nobody slips past it. */
function bound(zapDomain: string, keys: Keys | null) {
  const { backlog } = socketLimits
  return { backlog, zapDomain, zapEnforceDomain: true, ...(keys && curveServer(keys.own)) }
}

/** No send mark: on reconnect all subscriptions go out in one burst, and those above it would be lost. */
function xsub(keys: Keys | null) {
  return {
    ...always(),
    sendHighWaterMark: 0,
    receiveHighWaterMark: markOr(socketLimits.receiveHighWaterMark),
    maxMessageSize: largest(socketLimits.maxFrameBytes, keys),
  }
}

/** `immediate`: a connection to a dead peer must not keep its subscriptions, nor a queue for it. */
function xpub(keys: Keys | null) {
  return {
    ...always(),
    immediate: true,
    sendHighWaterMark: markOr(socketLimits.sendHighWaterMark),
    receiveHighWaterMark: socketLimits.upstreamHighWaterMark,
    maxMessageSize: largest(socketLimits.maxRequestBytes, keys),
  }
}

/**
 * `immediate`: each connection has a pipe of its own. A pipe that outlives its connection ends the
 * process: who stands still for longer than `heartbeatTimeoutMs` with a full queue is reconnected,
 * and when the old pipe has room again libzmq 4.3.5 restarts the input of an engine that never
 * stopped (`Assertion failed: _input_stopped`). The price: when the connection breaks, what it
 * brought and nobody has read yet goes with the pipe, also the rest of a message of which the first
 * frame was taken, and then libzmq ends the process (`Assertion failed: !_more`, fq.cpp). So our
 * messages are one frame each.
 */
export function connectingXsub(keys: Keys | null = null): SocketOptions<XSubscriber> {
  return { ...xsub(keys), ...connecting(), immediate: true }
}

/** May connect as well, to inproc endpoints: who asks the access list must not connect to others. */
export function boundXsub(zapDomain: string, keys: Keys | null = null): SocketOptions<XSubscriber> {
  return { ...xsub(keys), ...connecting(), ...bound(zapDomain, keys) }
}

/** Where foreign programs publish, too. */
export function inboundXsub(
  zapDomain: string,
  keys: Keys | null = null,
): SocketOptions<XSubscriber> {
  return {
    ...boundXsub(zapDomain, keys),
    maxMessageSize: largest(socketLimits.maxInboundBytes, keys),
  }
}

export function connectingXpub(keys: Keys | null = null): SocketOptions<XPublisher> {
  return { ...xpub(keys), ...connecting() }
}

/** Connects to inproc endpoints alone: `PublishingSocket` says why. */
export function boundXpub(zapDomain: string, keys: Keys | null = null): SocketOptions<XPublisher> {
  return { ...xpub(keys), ...connecting(), ...bound(zapDomain, keys) }
}

function registration(keys: Keys | null) {
  return {
    ...always(),
    sendHighWaterMark: socketLimits.registrationHighWaterMark,
    receiveHighWaterMark: socketLimits.registrationHighWaterMark,
    maxMessageSize: largest(maxRegistrationMessageBytes, keys),
  }
}

/** `immediate`: registrations said to nobody must not arrive late and stale. */
export function connectingDealer(keys: Keys | null = null): SocketOptions<Dealer> {
  const reconnectInterval = socketLimits.registrationReconnectIntervalMs
  return { ...registration(keys), ...connecting(), reconnectInterval, immediate: true }
}

/**
 * libzmq connects again by itself, also while the process cannot say anything because its event loop stands still:
 * by the routing id, which it says in its handshake, GENESIS_CLUSTER knows whose connection stands again.
 */
export function registeringDealer(keys: Keys | null = null): SocketOptions<Dealer> {
  return { ...connectingDealer(keys), routingId: randomId() }
}

/** ZMTP heartbeats, for a socket that is never sent anything: its queue cannot be full. `isFar`: its answers take their time. */
export function sendingDealer(isFar = false): SocketOptions<Dealer> {
  const { heartbeatIntervalMs, heartbeatTimeoutMs, farHeartbeatTimeoutMs } = socketLimits
  return {
    ...connectingDealer(),
    ...connecting(),
    heartbeatInterval: heartbeatIntervalMs,
    heartbeatTimeout: isFar ? farHeartbeatTimeoutMs : heartbeatTimeoutMs,
  }
}

export function boundRouter(zapDomain: string, keys: Keys | null = null): SocketOptions<Router> {
  return { ...registration(keys), ...bound(zapDomain, keys) }
}

/**
 * `mandatory`: what is sent on a connection that has ended fails, and so tells that it has. `handover`: who connects
 * again with its routing id has it at once, also where the end of its old connection was not noticed.
 */
export function registrationRouter(
  zapDomain: string,
  keys: Keys | null = null,
): SocketOptions<Router> {
  return { ...boundRouter(zapDomain, keys), mandatory: true, handover: true }
}
