// One process of a run (`run.ts`): node process.ts ASSIGNMENT
import type { Assignment, Said, Told } from './assignment.ts'
import { peerNamed } from './peers/peers.ts'
import { Receiver } from './receiver.ts'
import { Acknowledgements, type Range, sendAll, sendAtRate } from './sender.ts'

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
  const [connect, warmUp] = [told('connect'), told('warm-up')]
  const [go, ending] = [told('go'), told('end')]
  const send = (range: Range): Promise<void> =>
    work.type === 'throughput'
      ? sendAll(end, seat, range, work.perTurn, acknowledgements)
      : sendAtRate(end, seat, range, work.rate)
  say({ type: 'ready' })
  await connect
  await end.connected()
  say({ type: 'connected' })
  await warmUp
  await send({ from: 0, to: work.warmUp })
  if (!end.flush) await withinWarmUp(acknowledgements.reach(work.warmUp))
  say({ type: 'warm' })
  await go
  say({ type: 'started', startedAt: process.hrtime.bigint() })
  await send({ from: work.warmUp, to: work.warmUp + work.updates })
  await ending
  await end.close()
}

/** After all is sent: what has not come by then is lost, or will not come in the time of a run. */
const warmUpMs = 30_000

function withinWarmUp(reached: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () =>
        reject(new Error(`not all of the warm-up has come ${warmUpMs / 1000} s after it was sent`)),
      warmUpMs,
    )
    void reached.then(() => {
      clearTimeout(late)
      resolve()
    })
  })
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
