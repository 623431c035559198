import { hostPort } from '../../../base/host-port.ts'
import { inBackground } from '../../../base/background.ts'
import type { Clock, Timer } from '../../../base/clock.ts'
import type { MulticastSettings } from '../../../definition/settings.ts'
import type { GroupSnapshot } from '../../../model/link-snapshot.ts'
import type { OnClusterEvent } from '../../cluster-event.ts'
import { groupInterface } from './group-interface.ts'
import { GroupSocket } from './group-socket.ts'
import { multicastLimits } from './multicast-limits.ts'
import type { Ear } from './multicast-node.ts'

interface GroupMembershipOptions {
  readonly settings: MulticastSettings
  readonly bind: string
  /** The address at which other nodes reach this one now. */
  readonly advertised: () => string
  readonly clock: Clock
  readonly on: OnClusterEvent
  readonly datagram: (bytes: Buffer, from: string) => void
  /** This node hears and sends with other sockets now, or with none. */
  readonly changed: (ear: Ear) => void
}

/** For tests: bytes asked of the system for the datagrams that wait to be read. */
const bufferVariable = 'TIDINGS_RECEIVE_BUFFER'

const bufferOr = (standard: number): number => Number(process.env[bufferVariable]) || standard

/** How long after a failure the group is joined again, milliseconds. */
const rejoinMs = 5_000

/**
 * This node in the group, as far as the system lets it: where the group cannot be joined the channel carries all, and it
 * is tried again.
 */
export class GroupMembership {
  readonly #options: GroupMembershipOptions
  #socket: GroupSocket | null = null
  #retry: Timer | null = null
  /** The interface of the socket, as it was wanted. */
  #joined = ''
  #source = ''
  #isLooped = false
  #isClosed = false
  #told = ''

  constructor(options: GroupMembershipOptions) {
    this.#options = options
  }

  /** Never rejects. */
  async open(): Promise<void> {
    try {
      await this.#join()
    } catch (error) {
      this.#failed((error as Error).message)
    }
  }

  /** Another interface may be the right one by now: it is joined there. */
  look(): void {
    if (this.#isClosed || this.#socket === null || this.#wanted === this.#joined) return
    const old = this.#leave()
    inBackground(
      Promise.resolve(old?.close()).then(() => this.open()),
      ({ message }) => this.#failed(message),
    )
  }

  /** A node lives on this machine: it is to hear what leaves it. */
  loop(): void {
    this.#isLooped = true
    this.#socket?.loop()
  }

  /** What this node hears and sends with, for people. */
  get socket(): Pick<GroupSnapshot, 'from' | 'receiveBuffer' | 'unsent' | 'overrun'> {
    const socket = this.#socket
    if (socket === null) return { from: null, receiveBuffer: 0, unsent: 0, overrun: null }
    const { receiveBuffer, unsent, overrun } = socket
    return { from: this.#source, receiveBuffer, unsent, overrun }
  }

  send(datagram: Buffer): void {
    this.#socket?.send(datagram)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#retry?.cancel()
    await this.#socket?.close()
  }

  get #wanted(): string {
    return this.#options.settings.interface ?? this.#options.advertised()
  }

  async #join(): Promise<void> {
    const { settings, datagram } = this.#options
    const receiveBufferBytes = bufferOr(multicastLimits.receiveBufferBytes)
    const wanted = this.#wanted
    const found = groupInterface(settings.group, wanted)
    if (found === null) throw new Error(`this machine has no interface ${wanted} for it`)
    const socket = await GroupSocket.open({
      ...settings,
      interface: found,
      receiveBufferBytes,
      datagram,
      failed: ({ message }) => this.#failed(message),
    })
    if (this.#isClosed) return socket.close()
    this.#socket = socket
    this.#joined = wanted
    this.#source = found.address
    if (this.#isLooped) socket.loop()
    const { receiveBuffer } = socket
    this.#options.changed({ receiveBuffer, source: found.address })
    if (receiveBuffer < multicastLimits.enoughReceiveBufferBytes)
      this.#warn(
        `datagrams of the other nodes may be overrun: the system gives ${receiveBuffer} bytes for those that wait, and ` +
          `${multicastLimits.receiveBufferBytes} are wanted: sysctl -w net.core.rmem_max=${multicastLimits.receiveBufferBytes}`,
      )
  }

  #failed(why: string): void {
    if (this.#isClosed) return
    const { group, port } = this.#options.settings
    const old = this.#leave()
    this.#warn(
      `the multicast group ${hostPort(group, port)} cannot be used, updates go by TCP alone: ${why}`,
    )
    this.#retry?.cancel()
    this.#retry = this.#options.clock.after(rejoinMs, () =>
      inBackground(
        Promise.resolve(old?.close()).then(() => this.open()),
        () => {},
      ),
    )
  }

  /** Nothing is heard or sent by the socket from now on; it is to be closed. */
  #leave(): GroupSocket | null {
    this.#options.changed({ receiveBuffer: 0, source: '' })
    const old = this.#socket
    this.#socket = null
    return old
  }

  /** Each once, until another is told. */
  #warn(message: string): void {
    if (this.#told === message) return
    this.#told = message
    this.#options.on({ type: 'warning', message })
  }
}
