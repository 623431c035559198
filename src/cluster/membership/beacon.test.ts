import type { NetworkInterfaceInfo } from 'node:os'
import { expect, it } from 'vitest'
import { broadcastAddress } from './beacon.ts'

const at = (address: string, netmask: string) => ({ address, netmask }) as NetworkInterfaceInfo
const interfaces = {
  eth0: [at('10.77.0.1', '255.255.255.0'), at('fd00::1', 'ffff:ffff::')],
  eth1: [at('172.16.5.9', '255.255.252.0')],
}

it.each([
  ['10.77.0.1', '10.77.0.255'],
  ['172.16.5.9', '172.16.7.255'],
  ['127.0.0.1', null],
  ['fd00::1', null],
  ['10.9.9.9', null],
])('the beacons of %s go to %s', (address, broadcast) => {
  expect(broadcastAddress(address, interfaces)).toBe(broadcast)
})
