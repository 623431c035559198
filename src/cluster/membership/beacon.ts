import type { Socket } from 'node:dgram'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import os from 'node:os'
import { inBackground } from '../../base/background.ts'
import type { Clock, Timer } from '../../base/clock.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import { isLoopbackAddress } from '../../definition/machine.ts'
import type { Beacon } from './beacon-codec.ts'
import { decodeBeacon, encodeBeacon } from './beacon-codec.ts'

/** How often a node says that it is there, milliseconds, as RFC 36 has it. */
const beaconIntervalMs = 1_000

interface BeaconsOptions {
  /** UDP, the same for all nodes of a network. */
  readonly port: number
  readonly uuid: string
  /** Where our ROUTER is. */
  readonly address: string
  readonly clusterPort: number
  readonly clock: Clock
  /** Another node's beacon, and the address that it came from: a hint, since anybody may have sent it. */
  readonly heard: (beacon: Beacon, address: string) => void
  readonly warning: (message: string) => void
}

/**
 * The beacons of ZRE: each second a datagram to the broadcast address of the network says where this node is, and one with
 * port 0 at the end that it leaves. What cannot be sent or heard is told once: nothing depends on it.
 */
export class Beacons {
  readonly #options: BeaconsOptions
  readonly #socket: Socket
  readonly #to: string
  #timer: Timer | null = null
  #isTroubleTold = false

  private constructor(options: BeaconsOptions, socket: Socket, to: string) {
    this.#options = options
    this.#socket = socket
    this.#to = to
    socket.on('message', (bytes, { address }) => this.#take(bytes, address))
    socket.on('error', (error) => this.#trouble(error))
    this.#say(options.clusterPort)
    this.#beat()
  }

  /** null: its network has no broadcast, or the port cannot be had, which is told. */
  static async open(options: BeaconsOptions): Promise<Beacons | null> {
    const to = broadcastAddress(options.address)
    if (to === null) return null
    // Other programs that speak ZRE listen at this port of the machine too.
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    try {
      socket.bind(options.port)
      await once(socket, 'listening')
      socket.setBroadcast(true)
    } catch (error) {
      socket.close()
      const { message } = TidingsError.from(error)
      options.warning(`there are no beacons: UDP port ${options.port} cannot be had: ${message}`)
      return null
    }
    return new Beacons(options, socket, to)
  }

  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#send(0)
    this.#socket.close()
  }

  #beat(): void {
    this.#timer = this.#options.clock.after(beaconIntervalMs, () => {
      this.#beat()
      this.#say(this.#options.clusterPort)
    })
  }

  #say(port: number): void {
    inBackground(this.#send(port), (error) => this.#trouble(error))
  }

  async #send(port: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const bytes = encodeBeacon({ uuid: this.#options.uuid, port })
    this.#socket.send(bytes, this.#options.port, this.#to, (error) => {
      if (error) this.#trouble(error)
      resolve()
    })
    return promise
  }

  #take(bytes: Buffer, address: string): void {
    const beacon = decodeBeacon(bytes)
    if (beacon !== null && beacon.uuid !== this.#options.uuid) this.#options.heard(beacon, address)
  }

  #trouble({ message }: Error): void {
    if (this.#isTroubleTold) return
    this.#isTroubleTold = true
    this.#options.warning(`beacons cannot be sent to ${this.#to}: ${message}`)
  }
}

/** Of the network that an address of this machine is in; null: it has none, as loopback and IPv6. */
export function broadcastAddress(
  address: string,
  interfaces: NodeJS.Dict<os.NetworkInterfaceInfo[]> = os.networkInterfaces(),
): string | null {
  if (!isIPv4(address) || isLoopbackAddress(address)) return null
  const own = Object.values(interfaces)
    .flatMap((entries) => entries ?? [])
    .find((each) => each.address === address)
  if (own === undefined) return null
  const mask = own.netmask.split('.').map(Number)
  const octets = address.split('.').map(Number)
  return octets.map((octet, place) => octet | (~(mask[place] ?? 0) & 255)).join('.')
}
