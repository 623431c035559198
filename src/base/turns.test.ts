import { expect, it } from 'vitest'
import { Turns } from './turns.ts'

it('one piece of work runs after another, also after one that fails', async () => {
  const turns = new Turns()
  const ran: string[] = []
  const first = Promise.withResolvers<string>()
  const failed = turns.next(() => {
    ran.push('first')
    return first.promise
  }, 'called off')
  const second = turns.next(() => {
    ran.push('second')
    return Promise.resolve('done')
  }, 'called off')
  await Promise.resolve()
  expect(ran).toEqual(['first'])
  first.reject(new Error('first failed'))
  await expect(failed).rejects.toThrow('first failed')
  expect(await second).toBe('done')
  expect(ran).toEqual(['first', 'second'])
})

it('what is called off while it waits never runs', async () => {
  const turns = new Turns()
  const first = Promise.withResolvers<string>()
  const stop = new AbortController()
  const ran: string[] = []
  const work = (name: string) => () => {
    ran.push(name)
    return Promise.resolve(name)
  }
  const held = turns.next(() => first.promise, 'called off')
  const waiting = turns.next(work('waiting'), 'called off', stop.signal)
  const last = turns.next(work('last'), 'called off')
  stop.abort()
  first.resolve('first')
  expect(await Promise.all([held, waiting, last])).toEqual(['first', 'called off', 'last'])
  expect(ran).toEqual(['last'])
})
