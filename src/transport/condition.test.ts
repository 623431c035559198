import { expect, it } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { Condition } from './condition.ts'

const never = new AbortController().signal
const long = 60_000

it('holds at once, or when told of the change', async () => {
  const condition = new Condition(systemClock)
  expect(await condition.until(() => true, long, never)).toBe(true)
  let holds = false
  const waiting = condition.until(() => holds, long, never)
  condition.changed()
  holds = true
  condition.changed()
  expect(await waiting).toBe(true)
})

it('is over when its time is', async () => {
  expect(await new Condition(systemClock).until(() => false, 1, never)).toBe(false)
})

it('ends with the signal, before and while it waits', async () => {
  const condition = new Condition(systemClock)
  const aborted = expect.objectContaining({ code: 'ABORTED' })
  await expect(condition.until(() => true, long, AbortSignal.abort())).rejects.toEqual(aborted)
  const controller = new AbortController()
  const waiting = condition.until(() => false, long, controller.signal)
  controller.abort()
  await expect(waiting).rejects.toEqual(aborted)
})

it('passes on what the look throws', async () => {
  const condition = new Condition(systemClock)
  let broken = false
  const look = () => {
    if (broken) throw new Error('refused')
    return false
  }
  const waiting = condition.until(look, long, never)
  broken = true
  condition.changed()
  await expect(waiting).rejects.toThrow('refused')
})
