import { expect, it } from 'vitest'
import { checkGivenInUtf8 } from './argument-bytes.ts'

const lineOf =
  (...words: (string | Buffer)[]) =>
  (): Buffer =>
    Buffer.concat(words.flatMap((word) => [Buffer.from(word), Buffer.from([0])]))

const text = '{"a":"x\ufffdy"}'
const damaged = Buffer.from('{"a":"x\xffy"}', 'latin1')

it('an argument that was given in UTF-8 is taken, U+FFFD or not', () => {
  checkGivenInUtf8('RECORD', text, lineOf('node', 'tidings', 'publish', 'A', text))
  checkGivenInUtf8('RECORD', '{"a":1}', () => null)
  checkGivenInUtf8('RECORD', undefined, () => null)
})

it('one that was not is refused, with what to do', () => {
  expect(() =>
    checkGivenInUtf8('RECORD', text, lineOf('node', 'tidings', 'publish', damaged)),
  ).toThrow('RECORD is not UTF-8: publish it from stdin, in UTF-8 [USAGE]')
  // Another argument has the character: that of the record stands for bytes all the same.
  expect(() => checkGivenInUtf8('RECORD', text, lineOf('\ufffd', damaged))).toThrow('is not UTF-8')
})

it('where the system does not tell the bytes, U+FFFD is to be written otherwise', () => {
  expect(() => checkGivenInUtf8('RECORD', text, () => null)).toThrow(
    'RECORD has the character U+FFFD, which also stands for bytes that are not UTF-8: publish it from stdin, or write it as \\ufffd [USAGE]',
  )
})
