import { curveKeyPair } from 'zeromq'
import { describe, expect, it } from 'vitest'
import { keyFileText, readKeys } from './key-file-text.ts'
import { newKeyPair, publicKeyOf } from './key-pair.ts'
import { maxKeyPairs } from './key-ring.ts'

const pairs = Array.from({ length: maxKeyPairs + 1 }, newKeyPair)
const [one, two] = pairs as [(typeof pairs)[0], (typeof pairs)[0]]

/** `line:column message` of each. */
function problemsOf(text: string): string[] {
  const read = readKeys(text)
  if (!('problems' in read)) return []
  const lines = text.split('\n')
  return read.problems.map(({ line, column, offset, message }) => {
    const before = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0)
    expect(offset).toBe(before + column - 1)
    return `${line}:${column} ${message}`
  })
}

it('a new pair is one of libzmq', () => {
  const { secretKey, publicKey } = curveKeyPair()
  expect(publicKeyOf(secretKey)).toBe(publicKey)
  expect(publicKeyOf(one.secret)).toBe(one.public)
  expect(one.secret).not.toBe(two.secret)
})

describe('a key file', () => {
  it('is read as it was written: the first pair first', () => {
    expect(readKeys(keyFileText([two, one]))).toEqual({ ring: [two, one] })
  })

  it('is two files one behind the other, may have blanks, and ends of lines of any kind', () => {
    const text = `${keyFileText([one])}\n \t\r\n  ${keyFileText([two]).replaceAll('\n', '\r\n')}`
    expect(readKeys(text)).toEqual({ ring: [one, two] })
  })

  it.each([
    ['', '1:1 there is no key in it: make one with `tidings keygen`'],
    [`key ${one.secret}`, '1:1 expected `secret` or `public`, and a key behind it'],
    [`\n  secret\tabc`, '2:10 expected a key behind `secret`: 40 characters of Z85'],
    ['public', '1:1 expected a key behind `public`: 40 characters of Z85'],
    [`secret ${one.secret}`, '1:8 the `public` key of this secret is to stand behind it'],
    [`public ${one.public}`, '1:8 the `secret` of this key is to stand in the line before it'],
    [
      `secret ${one.secret}\npublic ${two.public}`,
      '2:8 it is not the public key of the secret before it',
    ],
    [
      `secret ${one.secret}\n${keyFileText([two])}`,
      '1:8 the `public` key of this secret is to stand behind it',
    ],
    [keyFileText([one, one]), '5:8 this key stands in the file twice'],
    [
      keyFileText(pairs),
      `${2 * maxKeyPairs + 3}:8 there are more than ${maxKeyPairs} keys: take the oldest out`,
    ],
  ])('with mistakes is refused by line and column: %#', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem])
  })

  it('has all of its mistakes told, and nothing of a key', () => {
    const problems = problemsOf(`secret ${one.secret}x\nsecret ${one.secret}\nnonsense`)
    expect(problems).toHaveLength(3)
    for (const problem of problems) expect(problem).not.toContain(one.secret)
  })
})
