// examples/express: a service that publishes with commit().
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('Express: what one process books the other one answers, as one commit; what is rolled back nobody hears of', async () => {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('express', cluster)
  const ports = await freePorts('127.0.0.1', 2)
  const children = ports.map((port) => example.start('start', { PORT: String(port) }))
  const [one, other] = ports.map((port) => `http://127.0.0.1:${port}`)
  const tail = cluster.command(['tail', 'ACCOUNT'])
  await tail.says(/^ready/m)
  await eventually('both answer', async () => {
    const answers = [one, other].map((at) => fetch(`${at}/accounts/A`))
    return (await Promise.allSettled(answers)).every(({ status }) => status === 'fulfilled')
  })
  const book = (amount: number): Promise<Response> =>
    fetch(`${one}/transfers`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from: 'A', to: 'B', amount }),
    })
  const amounts = async (token: string): Promise<number[]> =>
    Promise.all(
      ['A', 'B'].map(async (id) => {
        const answer = await fetch(`${other}/accounts/${id}`, {
          headers: { 'commit-token': token },
        })
        return ((await answer.json()) as { AMOUNT: number }).AMOUNT
      }),
    )
  const booked = await book(25)
  expect(booked.status).toBe(201)
  expect(await amounts(booked.headers.get('commit-token') ?? '')).toEqual([75, 125])
  // The second account is changed first, so that it is the transaction that is undone.
  const refused = await book(-1000)
  expect([refused.status, refused.headers.get('commit-token')]).toEqual([422, null])
  const last = await book(1)
  expect(await amounts(last.headers.get('commit-token') ?? '')).toEqual([74, 126])
  await eventually('the last has come', () => tail.lines.length >= 4)
  const told = tail.lines.map((line) => JSON.parse(line) as { commit: number; record: object })
  expect(told.map(({ commit, record }) => [commit, record])).toEqual([
    [1, { ID: 'A', AMOUNT: 75, VERSION: 2 }],
    [1, { ID: 'B', AMOUNT: 125, VERSION: 2 }],
    [2, { ID: 'A', AMOUNT: 74, VERSION: 3 }],
    [2, { ID: 'B', AMOUNT: 126, VERSION: 3 }],
  ])
  for (const child of children)
    expect(await child.end('SIGTERM'), child.log).toEqual({ code: 0, signal: null })
})
