import { systemClock } from '../../src/base/clock.ts'
import { randomId } from '../../src/base/random.ts'
import type { TidingsError } from '../../src/base/tidings-error.ts'
import type {
  NodeMode,
  ProcessRole,
  Registration,
  RosterChange,
} from '../../src/model/roster-entry.ts'
import type { TransportEvent, TransportHandlers } from '../../src/transport/transport.ts'
import { loopbackAddresses } from '../../src/sockets/access-list.ts'
import type { ZeroMQTransportOptions } from '../../src/transport/zeromq/transport-options.ts'
import { ZeroMQTransport } from '../../src/transport/zeromq/zeromq-transport.ts'
import { patienceMs } from '../harness/eventually.ts'
import { registrationOf } from '../harness/registration.ts'
import type { NodeProcess } from './node-process.ts'

export interface PeerOptions extends Partial<ZeroMQTransportOptions> {
  readonly process?: string
}

/** A transport of one process with everything that it tells, in order. */
export class Peer {
  readonly transport: ZeroMQTransport
  readonly registration: Registration
  readonly messages: string[] = []
  readonly requests: Buffer[] = []
  readonly changes: RosterChange[] = []
  readonly registered: Registration[] = []
  readonly events: TransportEvent[] = []
  readonly failures: TidingsError[] = []
  reconnects = 0
  /** Whether the connection that others share stands: what was told, in order. */
  readonly sharedHop: boolean[] = []

  constructor(node: NodeProcess, options: PeerOptions = {}) {
    const { process: name = 'A', ...rest } = options
    const mode: NodeMode = rest.mode ?? 'mesh'
    const role: ProcessRole = rest.role ?? 'process'
    this.transport = new ZeroMQTransport({
      mode,
      role,
      nodeAddress: '127.0.0.1',
      bindAddress: '127.0.0.1',
      allowed: loopbackAddresses,
      ports: node.ports,
      clusterTimeoutMs: patienceMs,
      wantsPort: role === 'process',
      clock: systemClock,
      random: Math.random,
      ...rest,
    })
    this.registration = newRegistration(name, mode, role)
  }

  static async open(node: NodeProcess, options: PeerOptions = {}): Promise<Peer> {
    const peer = new Peer(node, options)
    await peer.open()
    return peer
  }

  open(signal: AbortSignal = new AbortController().signal): Promise<Registration> {
    return this.transport.open(this.registration, this.#handlers(), signal)
  }

  send(topic: string, content: string | Buffer): void {
    this.transport.send(topic, Buffer.concat([Buffer.from(topic), Buffer.from(content)]))
  }

  /** Has a hop of this name made anew, on the way from a publisher. */
  renew(name: string, incarnation: string): void {
    this.transport.renew({ name, isShared: false }, incarnation)
  }

  /** Entries told of a process, in order. */
  entriesOf(process: string) {
    return this.changes.flatMap(({ entries }) => entries.filter((e) => e.process === process))
  }

  #handlers(): TransportHandlers {
    return {
      message: (message) => this.messages.push(Buffer.from(message).toString()),
      request: (frame) => this.requests.push(Buffer.from(frame)),
      roster: (change) => this.changes.push(change),
      registered: (registration) => this.registered.push(registration),
      reconnected: () => (this.reconnects += 1),
      sharedHop: (stands) => this.sharedHop.push(stands),
      event: (event) => this.events.push(event),
      failed: (error) => this.failures.push(error),
    }
  }
}

export function newRegistration(name: string, mode: NodeMode, role: ProcessRole): Registration {
  return registrationOf(randomId(), {
    node: 'n',
    process: name,
    pid: process.pid,
    role,
    mode,
    startedAt: Math.round(performance.timeOrigin),
  })
}
