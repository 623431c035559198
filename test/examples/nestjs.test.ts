// examples/nestjs: a module with one queue for the application, and a decorator for who wants to hear.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { eventually } from '../harness/eventually.ts'
import { Example } from '../harness/example.ts'
import { freePorts } from '../harness/loopback.ts'
import { complaints } from '../harness/sample.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

it('NestJS: a provider of one process is told what the other one commits, and reads nothing in between', async () => {
  const cluster = await TestCluster.start('proxy', 1)
  const example = new Example('nestjs', cluster)
  expect(complaints(example.folder, 'tsc', '-p', example.folder)).toBe('')
  const ports = await freePorts('127.0.0.1', 2)
  const children = ports.map((port) => example.start('start', { PORT: String(port) }))
  const [one, other] = ports.map((port) => `http://127.0.0.1:${port}/trades`)
  const sum = async (at: string | undefined) =>
    (await (await fetch(`${at}/sum`)).json()) as { sum: number; reads: number }
  await eventually('both answer', async () =>
    (await Promise.allSettled([sum(one), sum(other)])).every(
      ({ status }) => status === 'fulfilled',
    ),
  )
  const set = (id: string, price: string): Promise<Response> =>
    fetch(`${one}/${id}/${price}`, { method: 'PUT' })
  for (const [id, price, total] of [
    ['T1', '100', 100],
    ['T2', '7', 107],
    ['T1', '90', 97],
  ] as const) {
    expect((await set(id, price)).status).toBe(204)
    await eventually('the other has it', async () => (await sum(other)).sum === total)
    const { reads } = await sum(other)
    expect(await sum(other)).toEqual({ sum: total, reads })
  }
  expect((await set('T1', 'cheap')).status).toBe(400)
  for (const child of children) {
    await child.end('SIGTERM')
    expect(child.log).toBe('')
  }
})
