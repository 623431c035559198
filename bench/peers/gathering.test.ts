import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Gathering } from './gathering.ts'

it('sends what one turn gives together, and what comes meanwhile behind it', async () => {
  const sent: number[][] = []
  const departures: (() => void)[] = []
  const gathering = new Gathering<number>((items) => {
    sent.push([...items])
    return new Promise<void>((resolve) => departures.push(resolve))
  })
  for (const item of [1, 2, 3]) gathering.append(item)
  await turn()
  expect(sent).toEqual([[1, 2, 3]])
  for (const item of [4, 5]) gathering.append(item)
  await turn()
  expect(sent).toEqual([[1, 2, 3]])
  departures.shift()?.()
  await turn()
  expect(sent).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
  const drained = gathering.drain()
  departures.shift()?.()
  await drained
  gathering.append(6)
  await turn()
  departures.shift()?.()
  await gathering.drain()
  expect(sent.at(-1)).toEqual([6])
})
