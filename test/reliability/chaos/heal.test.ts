import { expect, it } from 'vitest'
import { parseLine } from '../journal-line.ts'
import { Life } from '../life.ts'
import { deliveriesUnder, healMs } from './heal.ts'
import type { Injected } from './injected.ts'

function lifeOf(name: string, ...lines: string[]): Life {
  const life = new Life(name)
  for (const line of lines) life.take(parseLine(line))
  return life
}

/** Times in milliseconds here, in microseconds in journals. */
const us = (ms: number) => ms * 1000

const publisher = () =>
  lifeOf(
    'P-1',
    `open ${us(1)} n P - aa`,
    ...[10, 20, 30].flatMap((ms) => [`plan ${us(ms)} ${ms}`, `done ${us(ms)} ${ms}`]),
  )

/** Has what was published at 10, 20 and 30 as late as this. */
const subscriber = (name: string, ...at: readonly number[]) =>
  lifeOf(
    name,
    `open ${us(1)} n ${name} - ${name}`,
    `want ${us(1)} *`,
    `ready ${us(2)}`,
    'from 0 aa',
    ...at.map((ms, index) => `took ${us(ms)} 0 ${index * 10 + 1} ${index * 10 + 10}`),
  )

function fault(from: number, to: number, lives: string[], nodes: string[] = []): Injected {
  return { kind: 'stop-subscriber', target: '', lives, nodes, from: us(from), to: us(to) }
}

it('is the time from the end of a fault until the last subscription has what was there by then', () => {
  const lives = [publisher(), subscriber('S-1', 11, 21, 31), subscriber('S-2', 12, 60, 61)]
  const stopped = fault(15, 25, ['S-2'])
  expect(healMs(stopped, [stopped], lives)).toBe(35)
  expect(healMs(fault(5, 15, ['S-1']), [], lives)).toBe(0)
})

it('leaves out a pair that another fault hits first, and is nothing when no pair is left', () => {
  const lives = [publisher(), subscriber('S-1', 11, 21, 31), subscriber('S-2', 12, 60, 61)]
  const stopped = fault(15, 25, ['S-2'])
  expect(healMs(stopped, [stopped, fault(40, 50, ['S-2'])], lives)).toBe(0)
  expect(healMs(stopped, [stopped, fault(20, 50, ['P-1'])], lives)).toBe(null)
  expect(healMs(stopped, [stopped, fault(20, 50, [], ['n'])], lives)).toBe(null)
})

it('counts a loss that was told as well, and the readiness of a life that began', () => {
  const told = subscriber('S-1', 11)
  told.take(parseLine(`lost ${us(40)} 0 - ? ? gone open`))
  const killed = fault(15, 25, ['P-1'])
  expect(healMs(killed, [killed], [publisher(), told])).toBe(15)
  const begun = lifeOf('S-3', `open ${us(24)} n S - s3`, `want ${us(24)} *`, `ready ${us(90)}`)
  const restarted = fault(15, 25, ['S-2', 'S-3'])
  const early = lifeOf('S-2', `open ${us(14)} n S - s2`, `want ${us(14)} *`)
  early.killedAt = us(15)
  expect(healMs(restarted, [restarted], [publisher(), early, begun])).toBe(65)
})

it('counts what came while it was at work', () => {
  const lives = [publisher(), subscriber('S-1', 11, 21, 31)]
  expect(deliveriesUnder(fault(0, 9, []), lives)).toBe(0)
  expect(deliveriesUnder(fault(0, 100, []), lives)).toBe(
    [...(lives[1]?.receptions.values() ?? [])][0]?.delivered,
  )
})
