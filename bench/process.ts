// One process of `bench/bench.ts`: node process.ts ASSIGNMENT
import type { Assignment, Said, Told } from './assignment.ts'
import { peerNamed } from './peers/peers.ts'
import { Receiver } from './receiver.ts'
import { Acknowledgements, sendAll, sendAtRate } from './sender.ts'

const { peer: name, role, seat, work } = JSON.parse(process.argv[2] ?? '') as Assignment
const say = (said: Said): void => void process.send?.(said)
const peer = await peerNamed(name)

const acknowledgements = new Acknowledgements(seat.subscribers)
const heard = new Map<Told['type'], () => void>()
const told = (type: Told['type']): Promise<void> =>
  new Promise((resolve) => heard.set(type, resolve))
process.on('message', (message) => {
  const word = message as Told
  if (word.type === 'taken') acknowledgements.take(word.subscriber, word.updates)
  else heard.get(word.type)?.()
})
// Nothing is left running when the one who asked is gone.
process.on('disconnect', () => process.exit(1))

async function publish(): Promise<void> {
  const end = await peer.publisher(seat)
  const [connect, go, ending] = [told('connect'), told('go'), told('end')]
  say({ type: 'ready' })
  await connect
  await end.connected()
  say({ type: 'connected' })
  await go
  say({ type: 'started', startedAt: process.hrtime.bigint() })
  if (work.type === 'throughput') await sendAll(end, seat, work.updates, acknowledgements)
  else await sendAtRate(end, seat, work)
  await ending
  await end.close()
}

async function subscribe(): Promise<void> {
  const ending = told('end')
  const { take, watch } = Receiver.for(seat, work, say)
  const end = await peer.subscriber(seat, take)
  const watching = watch()
  say({ type: 'ready' })
  await ending
  clearInterval(watching)
  await end.close()
}

await (role === 'publisher' ? publish() : subscribe())
process.exit(0)
