/**
 * Somebody beside the nodes, on their network: hears their beacons, says in the name of each that it leaves, and makes
 * up others, until it is ended. Says when it has heard two nodes and begins.
 */
import dgram from 'node:dgram'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { randomId } from '../../../src/base/random.ts'
import { decodeBeacon, encodeBeacon } from '../../../src/cluster/membership/beacon-codec.ts'

const [port = '', broadcast = ''] = process.argv.slice(2)

/** Datagrams that leave between two pauses. */
const burst = 100

const uuids = new Set<string>()
const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true })
socket.on('message', (bytes) => {
  const beacon = decodeBeacon(bytes)
  if (beacon !== null && beacon.port !== 0) uuids.add(beacon.uuid)
})
socket.bind(Number(port))
await once(socket, 'listening')
socket.setBroadcast(true)
const say = (beacon: { uuid: string; port: number }) =>
  socket.send(encodeBeacon(beacon), Number(port), broadcast, () => undefined)

while (uuids.size < 2) await pause(10)
// What it sends comes back to it, too.
socket.removeAllListeners('message')
const nodes = [...uuids]
process.stderr.write('sends beacons\n')
for (let sent = 0; ; sent += 1) {
  say({ uuid: nodes[sent % 2] as string, port: 0 })
  say({ uuid: randomId(), port: sent % 65_536 })
  if (sent % burst === 0) await pause(1)
}
