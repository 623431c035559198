import { expect, it } from 'vitest'
import { newRegistration } from '../../../model/new-registration.ts'
import { clientIdOf } from './client-id.ts'

const process = (instance: string, digit: string) =>
  newRegistration({
    node: 'app-1',
    process: 'TRADES',
    instance,
    incarnation: digit.repeat(32),
    role: 'process',
    mode: 'mesh',
  })

it('Q3: two programs of one name have two client ids, or the broker would throw each out for the other', () => {
  const ids = ['a', 'b'].map((digit) =>
    clientIdOf('g/{{HOSTNAME}}/{{PROCESS_NAME}}', process('', digit)),
  )
  expect(ids).toEqual(['g/app-1/TRADES/aaaaaaaa', 'g/app-1/TRADES/bbbbbbbb'])
})

it('Q3: replicas have their instance in it', () => {
  expect(clientIdOf('g/{{PROCESS_NAME}}', process('2', 'a'))).toBe('g/TRADES/2/aaaaaaaa')
})

it('Q3: a template with {{INCARNATION}} is taken as it stands', () => {
  expect(clientIdOf('{{INCARNATION}}-{{PROCESS_NAME}}', process('2', 'a'))).toBe('aaaaaaaa-TRADES')
})
