import { expect, test } from 'vitest'
import { addressOf, hostPort, plainAddress, tcpEndpoint } from './host-port.ts'

test.each([
  ['10.0.0.1', '10.0.0.1:6000'],
  ['::1', '[::1]:6000'],
  ['fd00::1', '[fd00::1]:6000'],
  ['app.example', 'app.example:6000'],
])('%s with a port is %s, and comes back out of an endpoint', (address, text) => {
  expect(hostPort(address, 6000)).toBe(text)
  expect(tcpEndpoint(address, 6000)).toBe(`tcp://${text}`)
  expect(addressOf(`tcp://${text}`)).toBe(address)
})

test.each(['', 'tcp://', 'tcp://a', 'udp://a:1', 'inproc://a', 'tcp://::1:5', 'tcp://[::1]'])(
  'what is no endpoint has no address: %j',
  (endpoint) => {
    expect(addressOf(endpoint)).toBe('')
  },
)

test.each([
  ['FD00:0:0::0001', 'fd00::1'],
  ['[::1]', '::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['fe80::1%eth0', 'fe80::1%eth0'],
  ['10.0.0.1', '10.0.0.1'],
  ['app', 'app'],
  ['[app]', '[app]'],
])('%s is written as %s', (text, plain) => {
  expect(plainAddress(text)).toBe(plain)
})
