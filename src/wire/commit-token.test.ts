import { expect, it } from 'vitest'
import { decodeToken, encodeToken } from './commit-token.ts'

const incarnation = '000102030405060708090a0b0c0d0e0f'
const of = (tables: number, name = 'TABLE') =>
  Array.from({ length: tables }, (_, n) => ({ table: `${name}_${n}`, last: 1 + n * 1000 }))

it('D27: says of a commit what it was given', () => {
  const streams = [
    { table: 'TRADE', last: 7 },
    { table: 'Zürich/ü', last: 2 ** 53 - 1 },
  ]
  const token = encodeToken({ incarnation, streams })
  expect(token).toMatch(/^[\w-]+$/)
  expect(decodeToken(token)).toEqual({ incarnation, streams, hasMore: false })
})

it('D27: has fewer than 1,024 characters, and says that it leaves tables out', () => {
  for (const streams of [of(60), of(512), of(20, 'x'.repeat(250)), of(40, 'ü'.repeat(20))]) {
    const token = encodeToken({ incarnation, streams })
    expect(token.length).toBeLessThan(1024)
    const position = decodeToken(token)
    expect(position.streams).toEqual(streams.slice(0, position.streams.length))
    expect(position.streams.length).toBeGreaterThan(1)
    expect(position.hasMore).toBe(position.streams.length < streams.length)
  }
  expect(decodeToken(encodeToken({ incarnation, streams: of(512) })).hasMore).toBe(true)
})

it('D27: that is not as it was given is none', () => {
  const token = encodeToken({ incarnation, streams: of(3) })
  const wrong = [
    ...Array.from(token, (letter, at) => {
      const other = letter === 'A' ? 'B' : 'A'
      return `${token.slice(0, at)}${other}${token.slice(at + 1)}`
    }),
    ...Array.from(token, (_, at) => token.slice(0, at)),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    token.toUpperCase(),
    'x'.repeat(5000),
    7,
    null,
    undefined,
    {},
  ]
  const taken = wrong.filter((each) => {
    try {
      return decodeToken(each)
    } catch (error) {
      expect(error).toMatchObject({ code: 'USAGE' })
      return false
    }
  })
  expect(taken).toEqual([])
})
