import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { groupInterface } from './group-interface.ts'

const entry = (address: string, internal = false) => ({ address, internal }) as NetworkInterfaceInfo
const interfaces = {
  lo: [entry('127.0.0.1', true), entry('::1', true)],
  eth0: [entry('10.0.0.1'), entry('fe80::1')],
  eth1: [entry('10.1.0.1')],
}

test.each([
  ['239.1.1.1', '10.1.0.1', { address: '10.1.0.1', scope: '10.1.0.1' }],
  ['239.1.1.1', 'eth0', { address: '10.0.0.1', scope: '10.0.0.1' }],
  ['239.1.1.1', 'fe80::1', { address: '10.0.0.1', scope: '10.0.0.1' }],
  ['239.1.1.1', '127.0.0.3', { address: '127.0.0.3', scope: '127.0.0.3' }],
  ['ff15::1', '10.0.0.1', { address: 'fe80::1', scope: '::%eth0' }],
  ['ff15::1', 'eth1', null],
  ['239.1.1.1', '10.0.0.9', null],
  ['239.1.1.1', 'eth7', null],
])('of %s at %s it is %o', (group, wanted, found) => {
  expect(groupInterface(group, wanted, interfaces)).toEqual(found)
})
