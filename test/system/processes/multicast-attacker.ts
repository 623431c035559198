/**
 * Somebody beside the nodes, on their network: hears their group, and sends there under the address of one of them
 * what it heard, what it makes of that, and what it makes up. Says what it could read, and when it has sent all.
 */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { seededRandom } from '../../../src/base/random.ts'

const [group = '', port = '', own = '', victim = '', count = ''] = process.argv.slice(2)

/** Datagrams that leave between two pauses: so many that receivers have much to do, and the load goes on. */
const burst = 40
/** Of those that were heard the last ones are kept. */
const kept = 2_000

const random = seededRandom(7)
const below = (end: number): number => Math.floor(random() * end)
const heard: Buffer[] = []

const ear = dgram.createSocket({ type: 'udp4', reuseAddr: true })
ear.on('message', (bytes, { address }) => {
  if (address !== victim) return
  if (bytes.includes('update/')) process.stderr.write(`read: ${bytes.toString('latin1')}\n`)
  heard.push(bytes)
  if (heard.length > kept) heard.shift()
})
ear.bind(Number(port), group)
await once(ear, 'listening')
ear.addMembership(group, own)

const mouth = dgram.createSocket({ type: 'udp4' })
mouth.bind(0, victim)
await once(mouth, 'listening')
mouth.setMulticastInterface(own)
mouth.setMulticastLoopback(false)
mouth.connect(Number(port), group)
await once(mouth, 'connect')

/** The last one's header, with a number so far beyond. */
function numbered(ahead: number): Buffer {
  const forged = Buffer.from(heard.at(-1) ?? Buffer.alloc(100))
  forged.writeUInt32LE((forged.readUInt32LE(20) + ahead) >>> 0, 20)
  return forged
}

function flipped(): Buffer {
  const bytes = Buffer.from(heard[heard.length - 1 - below(Math.min(heard.length, 20))] ?? [])
  const bit = below(8 * bytes.length)
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
  return bytes
}

/** As of a node without keys: an update that nobody has published. */
function notSealed(): Buffer {
  const text = Buffer.from('update/TRADE/forged')
  const forged = Buffer.concat([
    numbered(1 + below(100)).subarray(0, 28),
    Buffer.of(0, text.length, 0),
    text,
  ])
  forged[5] = 0
  forged.writeUInt16LE(0, 6)
  return forged
}

const attacks = [
  () => heard[below(heard.length)] ?? Buffer.alloc(0),
  flipped,
  () => numbered(1 + below(1_000)),
  () => numbered(1 + below(2 ** 32 - 1)),
  notSealed,
  () => (heard.at(-1) ?? Buffer.alloc(0)).subarray(0, below(60)),
] as const

while (heard.length < 10) await pause(10)
for (let sent = 0; sent < Number(count); sent += 1) {
  const bytes = attacks[sent % attacks.length]?.() ?? Buffer.alloc(0)
  mouth.send(bytes, () => undefined)
  if (sent % burst === 0) await pause(1)
}
process.stderr.write(`sent ${count} datagrams\n`)
ear.close()
mouth.close()
