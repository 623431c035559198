// One process of a run (`pause-run.ts`): node pause-process.ts PART
import { trade } from '../../../bench/rows.ts'
import { Hearing } from './hearing.ts'
import type { Asked, Part, Told } from './pause-message.ts'
import { numberField } from './pause-peer.ts'
import { pausePeerNamed } from './pause-peers.ts'

/** Published together, as one commit after the other comes. */
const everyMs = 10

const { peer: name, role, way, perSecond } = JSON.parse(process.argv[2] ?? '') as Part
const peer = pausePeerNamed(name)
const say = (told: Told): void => void process.send?.(told)
process.on('disconnect', () => process.exit(0))

async function publish(): Promise<void> {
  const publishOne = await peer.publisher(way)
  let published = 0
  const begin = (): void => {
    const startedAt = performance.now()
    setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) / 1000) * perSecond)
      for (; published < due; published++)
        publishOne({ ...trade(published), [numberField]: published })
    }, everyMs)
  }
  process.on('message', (asked: Asked) => {
    if (asked.type === 'begin') begin()
    if (asked.type === 'count') say({ type: 'count', published })
  })
}

async function subscribe(): Promise<void> {
  const hearing = new Hearing()
  await peer.subscriber(way, hearing)
  process.on('message', (asked: Asked) => {
    if (asked.type === 'heard') say({ type: 'heard', heard: hearing.of(asked.span) })
  })
}

await (role === 'publisher' ? publish() : subscribe())
say({ type: 'ready' })
