import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { connectSocket, disconnectSocket } from './uninterrupted.ts'

/**
 * The kernel cannot be told to interrupt a call: under a profiler one of some thousand calls fails, by
 * chance. So this socket fails as zeromq.js does then.
 */
function interruptedSocket(times: number, code = 'EINTR') {
  const done: string[] = []
  let left = times
  const call = (what: string) => (endpoint: string) => {
    left -= 1
    if (left >= 0) throw Object.assign(new Error('Interrupted system call'), { code })
    done.push(`${what} ${endpoint}`)
  }
  return { done, ipv6: false, connect: call('connect'), disconnect: call('disconnect') }
}

it('a signal, as a profiler sends them, ends neither connecting nor disconnecting', () => {
  const socket = interruptedSocket(3)
  connectSocket(socket, 'a')
  expect(socket.done).toEqual(['connect a'])
  const other = interruptedSocket(3)
  disconnectSocket(other, 'a')
  expect(other.done).toEqual(['disconnect a'])
})

it('a socket that is to connect to an address of IPv6 is set so', () => {
  const socket = interruptedSocket(0)
  connectSocket(socket, 'tcp://127.0.0.1:1')
  expect(socket.ipv6).toBe(false)
  connectSocket(socket, 'tcp://[::1]:1')
  expect(socket.ipv6).toBe(true)
})

it('any other error is passed on', () => {
  expect(() => connectSocket(interruptedSocket(1, 'EINVAL'), 'a')).toThrow('Interrupted')
})

it('nobody connects or disconnects a socket in another way', () => {
  const bare = /(?:socket|dealer|front|back|publisher|subscriber)\.(?:dis)?connect\(.*/gi
  const found = globSync('src/{cluster,intake,transport}/**/*.ts')
    .filter((file) => !file.endsWith('.test.ts') && !file.endsWith('uninterrupted.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .filter((text) => text.includes("from 'zeromq'"))
    .flatMap((text) => text.match(bare) ?? [])
  expect(found).toEqual([])
})
