import { expect, it } from 'vitest'
import { decodeZ85, encodeZ85 } from './z85.ts'

it('writes the example of RFC 32, and reads it', () => {
  const bytes = Buffer.from('864fd26fb559f75b', 'hex')
  expect(encodeZ85(bytes)).toBe('HelloWorld')
  expect(decodeZ85('HelloWorld')).toEqual(bytes)
})

it('reads what it writes, zeros and ones too', () => {
  for (const bytes of [Buffer.alloc(32), Buffer.alloc(32, 255), Buffer.from('00000001', 'hex')])
    expect(decodeZ85(encodeZ85(bytes))).toEqual(bytes)
})

it('takes nothing else', () => {
  for (const text of ['HelloWorl', 'Hello World', 'Hello~orld', 'Hellö', '#####'])
    expect(decodeZ85(text)).toBeNull()
})
