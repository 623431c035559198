import type { NetworkInterfaceInfo } from 'node:os'
import { expect, test } from 'vitest'
import { groupInterface } from './group-interface.ts'

const entry = (address: string, internal = false) => ({ address, internal }) as NetworkInterfaceInfo
const interfaces = {
  lo: [entry('127.0.0.1', true), entry('::1', true)],
  eth0: [entry('10.0.0.1'), entry('fe80::1')],
  eth1: [entry('10.1.0.1')],
  eth2: [entry('fe80::2'), entry('fd00::2')],
}

const ofIPv4 = (address: string) => ({
  address,
  bindAddress: address,
  scope: address,
  groupAddress: '239.1.1.1',
})
const ofIPv6 = (address: string, bindAddress: string, name: string) => ({
  address,
  bindAddress,
  scope: `::%${name}`,
  groupAddress: `ff15::1%${name}`,
})

test.each([
  ['239.1.1.1', '10.1.0.1', ofIPv4('10.1.0.1')],
  ['239.1.1.1', 'eth0', ofIPv4('10.0.0.1')],
  ['239.1.1.1', 'fe80::1', ofIPv4('10.0.0.1')],
  ['239.1.1.1', '127.0.0.3', ofIPv4('127.0.0.3')],
  ['ff15::1', '10.0.0.1', ofIPv6('fe80::1', 'fe80::1%eth0', 'eth0')],
  ['ff15::1', 'eth2', ofIPv6('fd00::2', 'fd00::2', 'eth2')],
  ['ff15::1', 'eth1', null],
  ['239.1.1.1', '10.0.0.9', null],
  ['239.1.1.1', 'eth7', null],
])('of %s at %s it is %o', (group, wanted, found) => {
  expect(groupInterface(group, wanted, interfaces)).toEqual(found)
})
