import { expect, test } from 'vitest'
import { knownItemNames } from '../definition/items/known-items.ts'
import { nearest } from './nearest.ts'

test.each([
  ['ZeroMQProxyInbondPort', 'ZeroMQProxyInboundPort'],
  ['zeromqproxyoutbuondport', 'ZeroMQProxyOutboundPort'],
  ['MqLayr', 'MqLayer'],
  ['MqttQso', 'MqttQos'],
  ['ClusterPrt', 'ClusterPort'],
  ['DbLayer', null],
  ['DaemonServerPort', null],
  ['x'.repeat(10_000), null],
  ['', null],
])('%.40s is most like %s', (word, found) => {
  expect(nearest(word, knownItemNames)).toBe(found)
})
