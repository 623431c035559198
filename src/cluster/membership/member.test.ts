import { expect, test } from 'vitest'
import { Member, goneAfterMs, suspectAfterMs } from './member.ts'

function alive(connected: boolean): Member {
  const member = new Member('b')
  member.connection(connected)
  member.heard(0)
  return member
}

test('is gone until it is heard', () => {
  const member = new Member('b')
  expect(member.state).toBe('gone')
  expect(member.tick(1e6, 0)).toBe(false)
  expect(member.heard(1e6)).toBe(true)
  expect(member.state).toBe('alive')
  expect(member.heard(1e6)).toBe(false)
})

test('is suspect when silent, gone when its connection has failed too', () => {
  const member = alive(true)
  expect(member.tick(suspectAfterMs - 1, 0)).toBe(false)
  expect(member.tick(suspectAfterMs, 0)).toBe(true)
  expect(member.state).toBe('suspect')
  member.connection(false)
  expect(member.tick(goneAfterMs - 1, 0)).toBe(false)
  expect(member.tick(goneAfterMs, 0)).toBe(true)
  expect(member.state).toBe('gone')
})

test('is never gone while its connection stands: it is busy', () => {
  const member = alive(true)
  member.tick(goneAfterMs * 100, 0)
  expect(member.state).toBe('suspect')
  member.heard(goneAfterMs * 100)
  expect(member.state).toBe('alive')
})

test('a failed connection alone says nothing', () => {
  const member = alive(true)
  member.connection(false)
  member.tick(suspectAfterMs - 1, 0)
  expect(member.state).toBe('alive')
})

test('is not charged for the time in which we stood still', () => {
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
