import { expect, test } from 'vitest'
import { hostsOf, type HostAddresses } from '../../sockets/host-lookup.ts'
import { HostNames } from './host-names.ts'

const out: HostAddresses = { addresses: [], why: 'the name service does not answer' }

/** Names whose answers the test gives. */
function namesWith(...hosts: string[]) {
  const service = new Map<string, HostAddresses>()
  const asked: string[] = []
  const names = new HostNames(hosts, async (host) => {
    asked.push(host)
    return service.get(host) ?? out
  })
  return { names, service, asked }
}

test('an outage of the name service changes nothing for a host that is known', async () => {
  const { names, service } = namesWith('b')
  service.set('b', { addresses: ['10.0.0.2', '10.0.1.2'] })
  await names.resolve()
  service.delete('b')
  await names.resolve()
  expect(names.addresses('b')).toEqual(['10.0.0.2', '10.0.1.2'])
  expect(names.unresolved).toEqual(['b'])
  service.set('b', { addresses: ['10.0.0.3'] })
  await names.resolve()
  expect(names.addresses('b')).toEqual(['10.0.0.3'])
  expect(names.unresolved).toEqual([])
})

test('of addresses that take turns the one in use stays', async () => {
  const { names, service } = namesWith('b')
  service.set('b', { addresses: ['10.0.0.2', '10.0.0.3'] })
  await names.resolve()
  service.set('b', { addresses: ['10.0.0.3', '10.0.0.2'] })
  await names.resolve()
  expect(names.address('b')).toBe('10.0.0.2')
})

test('names are looked up side by side and once at a time, and what is called off is not taken', async () => {
  const waiting: ((found: HostAddresses) => void)[] = []
  const names = new HostNames(['b', 'c'], () => new Promise((resolve) => waiting.push(resolve)))
  const both = Promise.all([names.resolve(), names.resolve()])
  expect(waiting).toHaveLength(2)
  expect(names.unresolved).toEqual(['b', 'c'])
  names.close()
  for (const answer of waiting) answer({ addresses: ['10.0.0.2'] })
  await both
  expect(names.address('b')).toBeNull()
})

test('what changes is told once', async () => {
  const { names, service } = namesWith('b', 'c')
  service.set('b', { addresses: ['10.0.0.2'] })
  const turn = async (): Promise<string[]> => {
    await names.resolve()
    return names.news()
  }
  expect(await turn()).toEqual([expect.stringContaining('host "c" of the definition does not')])
  expect(await turn()).toEqual([])
  service.delete('b')
  service.set('c', { addresses: ['10.0.0.3'] })
  expect(await turn()).toEqual([
    expect.stringMatching(/host "b" does not resolve any more.*stays at 10\.0\.0\.2/),
    expect.stringContaining('host "c" resolves, to 10.0.0.3'),
  ])
  service.set('b', { addresses: ['10.0.0.2'] })
  service.set('c', { addresses: ['10.0.0.4'] })
  expect(await turn()).toEqual([
    expect.stringContaining('host "b" resolves, to 10.0.0.2'),
    expect.stringContaining('host "c" has moved from 10.0.0.3 to 10.0.0.4'),
  ])
})

test('a hosts file is read as the system reads it', () => {
  const file = [
    '127.0.0.1 localhost',
    '# 10.0.0.1 app',
    '10.0.0.2\tApp app.example # app-2',
    '::1 app',
    '10.0.0.3 app2 app',
    'nonsense app',
  ].join('\n')
  expect(hostsOf(file, 'app')).toEqual(['10.0.0.2', '::1', '10.0.0.3'])
  expect(hostsOf(file, 'APP2')).toEqual(['10.0.0.3'])
  expect(hostsOf(file, 'app-2')).toEqual([])
})

test('one name that is not answered holds up no other', async () => {
  const answers = new Map<string, (found: HostAddresses) => void>()
  const asked: string[] = []
  const names = new HostNames(['b', 'c'], (host) => {
    asked.push(host)
    return new Promise((resolve) => answers.set(host, resolve))
  })
  const learned: (string | null)[] = []
  names.watch(() => learned.push(names.address('c')))
  names.refresh()
  answers.get('c')?.({ addresses: ['10.0.0.3'] })
  await new Promise((resolve) => setImmediate(resolve))
  expect(learned).toEqual(['10.0.0.3'])
  names.refresh()
  expect(asked).toEqual(['b', 'c', 'c'])
  answers.get('c')?.({ addresses: ['10.0.0.3'] })
  await new Promise((resolve) => setImmediate(resolve))
  expect(learned).toEqual(['10.0.0.3'])
  expect(names.unresolved).toEqual(['b'])
})

test('a look-up that fails is a name that does not resolve', async () => {
  const names = new HostNames(['b'], () => Promise.reject(new Error('no descriptors')))
  await names.resolve()
  expect(names.news()).toEqual([expect.stringContaining('no descriptors')])
})
