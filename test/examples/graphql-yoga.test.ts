// examples/graphql-yoga: a GraphQL subscription from the iterator of a subscription.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const headers = { 'content-type': 'application/json' }

it('GraphQL Yoga: who subscribes at one process is told of mutations at the other, and a subscription ends with its client', async () => {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('graphql-yoga', cluster)
  const ports = await freePorts('127.0.0.1', 2)
  const children = ports.map((port) => example.start('start', { PORT: String(port) }))
  const [one, other] = ports.map((port) => `http://127.0.0.1:${port}/graphql`)
  const ask = async (at: string | undefined, query: string): Promise<unknown> => {
    const response = await fetch(`${at}`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
    })
    return ((await response.json()) as { data: unknown }).data
  }
  await eventually('both answer', async () => {
    const answers = [one, other].map((at) => ask(at, '{ trades { ID } }'))
    return (await Promise.allSettled(answers)).every(({ status }) => status === 'fulfilled')
  })
  const end = new AbortController()
  const stream = await fetch(`${other}`, {
    method: 'POST',
    headers: { ...headers, accept: 'text/event-stream' },
    body: JSON.stringify({
      query: 'subscription { trades { query changes { kind trade { ID PRICE } } } }',
    }),
    signal: end.signal,
  })
  const told: unknown[] = []
  const reading = (async () => {
    const text = (stream.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())
    for await (const part of text)
      for (const [, data = ''] of part.matchAll(/^data: (\{.+\})$/gm))
        told.push((JSON.parse(data) as { data: { trades: unknown } }).data.trades)
  })().catch(() => undefined)
  const first = { query: true, changes: [] }
  await eventually('it is told to query', () => told.length === 1)
  expect(await ask(one, 'mutation { setPrice(id: "T1", price: 101.5) { ID } }')).toEqual({
    setPrice: { ID: 'T1' },
  })
  await ask(one, 'mutation { setPrice(id: "T1", price: 102) { ID } }')
  await eventually('both mutations', () => told.length === 3)
  const change = (kind: string, PRICE: number) => ({
    query: false,
    changes: [{ kind, trade: { ID: 'T1', PRICE } }],
  })
  expect(told).toEqual([first, change('insert', 101.5), change('modify', 102)])
  expect(await ask(other, '{ trades { ID PRICE } }')).toEqual({
    trades: [{ ID: 'T1', PRICE: 102 }],
  })
  expect(await ask(other, '{ listeners }')).toEqual({ listeners: 1 })
  end.abort()
  await reading
  const hasNone = async (): Promise<boolean> =>
    ((await ask(other, '{ listeners }')) as { listeners: number }).listeners === 0
  await eventually('the subscription of the queue has ended', hasNone)
  for (const child of children)
    expect(await child.end('SIGTERM'), child.log).toEqual({ code: 0, signal: null })
})
