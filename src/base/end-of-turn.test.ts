import { expect, it } from 'vitest'
import { EndOfTurn } from './end-of-turn.ts'

it('does once what was asked for several times, and again when it is asked for from within', () => {
  const ends: (() => void)[] = []
  const turn = () => ends.splice(0).forEach((end) => end())
  let runs = 0
  const end = new EndOfTurn({ endOfTurn: (run) => void ends.push(run) }, () => {
    runs += 1
    if (runs === 1) end.ask()
  })
  end.ask()
  end.ask()
  expect(ends).toHaveLength(1)
  turn()
  expect(runs).toBe(1)
  turn()
  expect(runs).toBe(2)
  turn()
  expect(runs).toBe(2)
})
