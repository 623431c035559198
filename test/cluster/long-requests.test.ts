import { afterEach, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { RunningCluster, nodesAt, settingsOf, stopAll } from './running-cluster.ts'
import { Source, Tap, closeTaps, pathProven } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

/** More than libzmq keeps inside a message itself (33 bytes): what is longer is shared, and counted. */
const request = (number: number) => `\x02${'sync '.repeat(40)}${number}`

test('long requests reach many publishers, here and at the other node, each once', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const [here, there] = await Promise.all(
    nodes.map((_, place) => RunningCluster.start(settingsOf(nodes, place))),
  )
  await here!.linkedTo('127.0.0.2')
  await there!.linkedTo('127.0.0.1')
  const tap = new Tap(here!.at('outbound'))
  const sources = [here, here, here, there, there].map(
    (cluster) => new Source(cluster!.at('inbound')),
  )
  for (const [place, source] of sources.entries()) await pathProven(source, [tap], `from ${place}`)
  const numbers = Array.from({ length: 200 }, (_, number) => number)
  for (const number of numbers) await tap.request(request(number))
  for (const { upstream } of sources)
    await eventually('the last request', () => upstream.includes(request(199)))
  for (const { upstream } of sources)
    expect(upstream.filter((each) => each.startsWith('\x02'))).toEqual(numbers.map(request))
})
