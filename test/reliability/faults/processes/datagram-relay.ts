/**
 * Stands between a node and the others: hears its datagrams, and sends them on under its address, twice or out of order,
 * with damaged and foreign ones between them. It runs on a machine of its own that has the address of the node as well.
 */
import { createSocket, type Socket } from 'node:dgram'
import { randomBytes } from 'node:crypto'
import { seededRandom } from '../../../../src/base/random.ts'
import { serve } from '../serve.ts'

/** What becomes of the datagrams of the node. */
export interface Disorder {
  readonly doubles?: boolean
  /** So many wait for each other, and leave in an order drawn from a seed. */
  readonly shuffled?: number
  /** Before each one a copy that ends too early. */
  readonly truncated?: boolean
  /** Before each one another of as many bytes, drawn by chance. */
  readonly foreign?: boolean
}

export interface RelayPlace {
  readonly group: string
  readonly port: number
  /** Of this machine, and of the node whose datagrams are passed on. */
  readonly own: string
  readonly node: string
}

/** Those of the node have 1, and are dropped by the others. */
const ttl = 2

/** With nothing coming behind them, those that wait leave. */
const quietMs = 20

const random = seededRandom(10)
let disorder: Disorder = {}
let waiting: Buffer[] = []
let timer: NodeJS.Timeout | null = null
let send: (bytes: Buffer) => void = () => undefined
const passed = { heard: 0, twice: 0, moved: 0, truncated: 0, foreign: 0 }

async function bound(port: number, address: string): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true, recvBufferSize: 4 * 1024 * 1024 })
  await new Promise<void>((resolve) => socket.bind({ port, address }, resolve))
  return socket
}

function pass(datagram: Buffer): void {
  if (disorder.foreign) {
    send(randomBytes(datagram.length))
    passed.foreign += 1
  }
  if (disorder.truncated) {
    send(datagram.subarray(0, Math.floor(random() * datagram.length)))
    passed.truncated += 1
  }
  send(datagram)
  if (!disorder.doubles) return
  send(datagram)
  passed.twice += 1
}

function release(): void {
  const placed = waiting.map((datagram, from) => ({ datagram, from, at: random() }))
  waiting = []
  for (const [to, { datagram, from }] of placed
    .toSorted((one, other) => one.at - other.at)
    .entries()) {
    if (to !== from) passed.moved += 1
    pass(datagram)
  }
}

function take(datagram: Buffer): void {
  passed.heard += 1
  const { shuffled = 1 } = disorder
  if (shuffled === 1 && waiting.length === 0) return pass(datagram)
  waiting.push(datagram)
  if (timer) clearTimeout(timer)
  if (waiting.length >= shuffled) release()
  else timer = setTimeout(release, quietMs)
}

const calls = {
  async begin({ group, port, own, node }: RelayPlace) {
    const out = await bound(0, node)
    out.setMulticastInterface(own)
    out.setMulticastTTL(ttl)
    out.setMulticastLoopback(false)
    send = (bytes) => out.send(bytes, port, group)
    const hears = await bound(port, group)
    hears.addMembership(group, own)
    hears.on('message', (datagram, { address }) => {
      if (address === node) take(datagram)
    })
  },
  make(next: Disorder) {
    disorder = next
  },
  passed: () => passed,
}

export type DatagramRelayCalls = typeof calls

serve(calls)
