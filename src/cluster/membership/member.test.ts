import { expect, test } from 'vitest'
import { Member, busyAfterMs, goneAfterMs, reconnectWithinMs, suspectAfterMs } from './member.ts'

function alive(connected: boolean): Member {
  const member = new Member('b')
  member.connection(connected, -reconnectWithinMs)
  member.heard(0)
  return member
}

test('is gone until it is heard', () => {
  const member = new Member('b')
  expect(member.tick(1e6, 0)).toBe(false)
  expect(member.state).toBe('gone')
  expect(member.heard(1e6)).toBe(true)
  expect(member.state).toBe('alive')
  expect(member.heard(1e6)).toBe(false)
})

test('Z4: is suspect when it is silent and its connection has failed, and gone later', () => {
  const member = alive(false)
  expect(member.tick(suspectAfterMs - 1, 0)).toBe(false)
  expect(member.tick(suspectAfterMs, 0)).toBe(true)
  expect(member.state).toBe('suspect')
  expect(member.tick(goneAfterMs - 1, 0)).toBe(false)
  expect(member.tick(goneAfterMs, 0)).toBe(true)
  expect(member.state).toBe('gone')
})

test('Z4: is busy while its connection stands: suspect after a while, and never gone', () => {
  const member = alive(true)
  expect(member.tick(busyAfterMs - 1, 0)).toBe(false)
  expect(member.tick(busyAfterMs, 0)).toBe(true)
  member.tick(goneAfterMs * 100, 0)
  expect(member.state).toBe('suspect')
  member.heard(goneAfterMs * 100)
  expect(member.state).toBe('alive')
})

test('a failed connection alone says nothing', () => {
  const member = alive(true)
  member.connection(false, 0)
  member.tick(suspectAfterMs - 1, 0)
  expect(member.state).toBe('alive')
})

test('Z4: a connection that is made anew at once does not make a node suspect that stands still', () => {
  const member = alive(true)
  member.connection(false, 3_000)
  member.connection(false, 3_100)
  expect(member.tick(3_000 + reconnectWithinMs - 1, 0)).toBe(false)
  member.connection(true, 3_000 + reconnectWithinMs)
  expect(member.tick(3_000 + reconnectWithinMs, 0)).toBe(false)
  member.connection(false, 4_000)
  expect(member.tick(4_000 + reconnectWithinMs, 0)).toBe(true)
  expect(member.state).toBe('suspect')
})

test('Z4: is not charged for the time in which we stood still', () => {
  const member = alive(false)
  expect(member.tick(goneAfterMs * 3, goneAfterMs * 3)).toBe(false)
  expect(member.state).toBe('alive')
})

test('comes back from gone with a word', () => {
  const member = alive(false)
  member.tick(goneAfterMs, 0)
  expect(member.state).toBe('gone')
  expect(member.heard(goneAfterMs + 1)).toBe(true)
  expect(member.state).toBe('alive')
})

test('Z6: that somebody says it leaves ends nothing while its connection stands, nor once it is heard again', () => {
  const member = alive(true)
  member.leaving()
  member.tick(1, 0)
  expect(member.state).toBe('alive')
  member.connection(false, 1)
  expect(member.tick(1 + reconnectWithinMs, 0)).toBe(true)
  expect(member.state).toBe('gone')
  member.heard(1_000)
  member.tick(1_001, 0)
  expect(member.state).toBe('alive')
})
