import net from 'node:net'
import { eventually } from '../../harness/eventually.ts'

/** A port of a running cluster, and the type of socket that is expected there. */
export interface Port {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly peer: 'XPUB' | 'XSUB' | 'DEALER'
}

/** The 64 octets that open a ZMTP 3.0 connection (RFC 23). */
function greeting(mechanism: string, major = 3): Buffer {
  const bytes = Buffer.alloc(64)
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, major, 0])
  bytes.write(mechanism, 12, 'latin1')
  return bytes
}

function property(name: string, value: string, length = value.length): Buffer {
  const head = Buffer.alloc(1 + name.length + 4)
  head.writeUInt8(name.length)
  head.write(name, 1, 'latin1')
  head.writeUInt32BE(length, 1 + name.length)
  return Buffer.concat([head, Buffer.from(value)])
}

function command(name: string, body: Buffer): Buffer {
  const text = Buffer.concat([Buffer.of(name.length), Buffer.from(name), body])
  return Buffer.concat([Buffer.of(4, text.length), text])
}

const ready = (type: string): Buffer =>
  Buffer.concat([greeting('NULL'), command('READY', property('Socket-Type', type))])

/** A frame of any length that is only announced. */
function announced(octets: bigint): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt8(2)
  head.writeBigUInt64BE(octets, 1)
  return head
}

/** What strangers say at a port, and nothing more. */
export const strangers: Readonly<Record<string, (port: Port) => Buffer>> = {
  nothing: () => Buffer.alloc(0),
  HTTP: () => Buffer.from('GET / HTTP/1.1\r\nHost: cluster\r\nConnection: keep-alive\r\n\r\n'),
  TLS: () => Buffer.from('16030100c8010000c40303', 'hex'),
  'ZMTP 1.0': () => Buffer.from([1, 0]),
  'ZMTP 2.0': () => Buffer.concat([greeting('', 1).subarray(0, 11), Buffer.of(2, 0, 0)]),
  'half a greeting': () => greeting('NULL').subarray(0, 11),
  'a greeting and no more': () => greeting('NULL'),
  'another mechanism': () => greeting('PLAIN'),
  'a mechanism unheard of': () => greeting('\xff'.repeat(20)),
  'another type of socket': () => ready('PUSH'),
  'a type unheard of': () => ready('X'.repeat(100)),
  'a property too long': () =>
    Buffer.concat([greeting('NULL'), command('READY', property('Socket-Type', 'SUB', 0xffffffff))]),
  'a command unheard of': () =>
    Buffer.concat([greeting('NULL'), command('HELLO', Buffer.alloc(50, 1))]),
  'a frame before READY': () => Buffer.concat([greeting('NULL'), Buffer.of(0, 1, 0x41)]),
  noise: () => Buffer.alloc(5_000, 0xab),
  'a frame over the limit': ({ peer }) => Buffer.concat([ready(peer), announced(17n << 20n)]),
  'a frame of 2^62 octets': ({ peer }) => Buffer.concat([ready(peer), announced(2n ** 62n)]),
  'a frame of 2^64 - 1 octets': ({ peer }) =>
    Buffer.concat([ready(peer), announced(2n ** 64n - 1n)]),
  'an ERROR command': ({ peer }) =>
    Buffer.concat([ready(peer), command('ERROR', Buffer.of(3, 65, 66, 67))]),
}

/** Milliseconds until the port closed a connection on which this was said; null: it did not. */
export function putOut(port: Port, said: Buffer, withinMs: number): Promise<number | null> {
  return new Promise((resolve) => {
    const began = performance.now()
    const socket = net.connect(port.port, port.host)
    const give = (ms: number | null) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(ms)
    }
    const timer = setTimeout(() => give(null), withinMs)
    socket.on('error', () => undefined)
    socket.on('close', () => give(performance.now() - began))
    socket.on('connect', () => socket.write(said))
    // Reads what the port says: the end would not be seen behind it.
    socket.resume()
  })
}

/** Connections that say nothing, all at one port. */
export class IdleConnections {
  readonly #sockets: net.Socket[] = []
  #connected = 0

  async open(port: Port, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const socket = net.connect(port.port, port.host)
      socket.on('error', () => undefined)
      socket.on('connect', () => (this.#connected += 1))
      this.#sockets.push(socket)
    }
    const wanted = this.#sockets.length
    await eventually(`${wanted} idle connections stand`, () => this.#connected >= wanted)
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy()
    this.#connected = 0
  }
}
