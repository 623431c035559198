import { expect, it } from 'vitest'
import { secondErrorClass } from '../../test/harness/second-class.ts'
import { asTidingsError, TidingsError } from './tidings-error.ts'

const SecondError = await secondErrorClass()

it('an error of a second copy of the package becomes one of this copy, with its code once', () => {
  const reason = new SecondError('PORT_TAKEN', 'port 5 is taken')
  expect(reason).not.toBeInstanceOf(TidingsError)
  const error = TidingsError.from(reason, 'USAGE')
  expect(error).toBeInstanceOf(TidingsError)
  expect(error).toMatchObject({ code: 'PORT_TAKEN', category: 'usage', cause: reason })
  expect(error.message).toBe('port 5 is taken [PORT_TAKEN]')
  expect(error.at('here').message).toBe('here: port 5 is taken [PORT_TAKEN]')
})

it('an error of this copy stays the same one', () => {
  const error = new TidingsError('CLOSED', 'closed')
  expect(TidingsError.from(error)).toBe(error)
  expect(asTidingsError(error)).toBe(error)
})

it.each([
  ['an error of Node', Object.assign(new Error('no route [CLOSED]'), { code: 'CLOSED' })],
  [
    'one of another name',
    Object.assign(new Error('x [NONE]'), { name: 'TidingsError', code: 'NONE' }),
  ],
  [
    'one whose text has no code',
    Object.assign(new Error('x'), { name: 'TidingsError', code: 'CLOSED' }),
  ],
  ['an object', { name: 'TidingsError', code: 'CLOSED', message: 'x [CLOSED]' }],
  ['a Proxy', new Proxy(new SecondError('CLOSED', 'x'), {})],
  ['nothing', undefined],
])('%s is none of ours', (_what, reason) => {
  expect(asTidingsError(reason)).toBeNull()
  expect(TidingsError.from(reason)).toMatchObject({ code: 'TRANSPORT_FAILED', cause: reason })
})
