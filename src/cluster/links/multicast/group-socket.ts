import dgram from 'node:dgram'
import { isIPv6 } from 'node:net'
import { datagramOverruns } from '../../../sockets/datagram-overruns.ts'
import type { GroupInterface } from './group-interface.ts'
import { withoutZone } from './group-interface.ts'

interface GroupSocketOptions {
  readonly group: string
  readonly port: number
  readonly interface: GroupInterface
  /** Routers that a datagram may pass. */
  readonly ttl: number
  /** Bytes of datagrams that may wait to be read. */
  readonly receiveBufferBytes: number
  readonly datagram: (bytes: Buffer, from: string) => void
  /** It cannot go on. */
  readonly failed: (error: Error) => void
}

/** Asked of the system for what leaves at once. */
const sendBufferBytes = 1024 * 1024

/**
 * The group: one socket that sends to it, connected, which spares the look-up of an address each time; and one that
 * hears it, since a connected one would hear the group's own address alone.
 */
export class GroupSocket {
  readonly #options: GroupSocketOptions
  readonly #out: dgram.Socket
  readonly #in: dgram.Socket
  #unsent = 0
  #isClosed = false

  private constructor(options: GroupSocketOptions) {
    this.#options = options
    const type = isIPv6(options.group) ? 'udp6' : 'udp4'
    this.#out = dgram.createSocket({ type, sendBufferSize: sendBufferBytes })
    const recvBufferSize = options.receiveBufferBytes
    this.#in = dgram.createSocket({ type, reuseAddr: true, recvBufferSize })
    this.#in.on('message', (bytes, { address }) => {
      if (!this.#isClosed) options.datagram(bytes, withoutZone(address))
    })
    for (const socket of [this.#out, this.#in])
      socket.on('error', (error) => this.#isClosed || options.failed(error))
  }

  /** @throws Error as node:dgram has it; nothing is left open then. */
  static async open(options: GroupSocketOptions): Promise<GroupSocket> {
    const socket = new GroupSocket(options)
    try {
      await socket.#openIn()
      await socket.#openOut()
    } catch (error) {
      await socket.close()
      throw error
    }
    return socket
  }

  /** Bytes in force for what waits to be read: the system may give less than was asked for, and counts more than bytes. */
  get receiveBuffer(): number {
    return this.#in.getRecvBufferSize()
  }

  /** Datagrams that the system did not take. */
  get unsent(): number {
    return this.#unsent
  }

  /** Datagrams that came while no more could wait; null: the system does not say. */
  get overrun(): number | null {
    return datagramOverruns(this.#options.port)
  }

  /** Other nodes on this machine hear what leaves it from now on. */
  loop(): void {
    if (!this.#isClosed) this.#out.setMulticastLoopback(true)
  }

  send(datagram: Buffer): void {
    if (!this.#isClosed) this.#out.send(datagram, this.#sent)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.all(
      [this.#in, this.#out].map(
        (socket) => new Promise<void>((done) => socket.close(() => done())),
      ),
    )
  }

  readonly #sent = (error: Error | null): void => {
    if (error) this.#unsent++
  }

  /** Bound to the group where the system allows it: other datagrams to the port do not come in. */
  async #openIn(): Promise<void> {
    const { group, port } = this.#options
    const any = isIPv6(group) ? '::' : '0.0.0.0'
    const isBoundToGroup = process.platform === 'linux' && !isIPv6(group)
    await settled(this.#in, (done) =>
      this.#in.bind({ port, address: isBoundToGroup ? group : any }, done),
    )
    this.#in.addMembership(group, this.#options.interface.scope)
  }

  async #openOut(): Promise<void> {
    const { port, ttl } = this.#options
    const { bindAddress, scope, groupAddress } = this.#options.interface
    await settled(this.#out, (done) => this.#out.bind({ port: 0, address: bindAddress }, done))
    this.#out.setMulticastInterface(scope)
    this.#out.setMulticastTTL(ttl)
    this.#out.setMulticastLoopback(false)
    await settled(this.#out, (done) => this.#out.connect(port, groupAddress, done))
  }
}

/** Resolves when `begin` has called back; rejects with the error of the socket. */
function settled(socket: dgram.Socket, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    begin(() => {
      socket.off('error', reject)
      resolve()
    })
  })
}
