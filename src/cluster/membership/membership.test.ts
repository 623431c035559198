import { Router } from 'zeromq'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { freePorts, nodeAddresses } from '../../../test/harness/loopback.ts'
import { Membership } from './membership.ts'
import type { ZreMessage } from './zre-codec.ts'
import { decodeZre, zreUuid } from './zre-codec.ts'

const headers = {
  node: 'a',
  inbound: 5001,
  outbound: 5000,
  relay: 6002,
  wire: 2,
  mode: 'proxy',
  history: 'h',
  cluster: 'shop',
}

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** What another ZRE node hears of ours, message by message; `null`: no message of ZRE. */
async function hear(count: number, headersOf = headers) {
  const [address = ''] = nodeAddresses(1)
  const [own = 0, other = 0] = await freePorts(address, 2)
  const router = new Router({ linger: 0, receiveTimeout: 20_000 })
  open.push(() => router.close())
  await router.bind(`tcp://${address}:${other}`)
  const membership = await Membership.open({
    bind: address,
    port: own,
    endpoint: () => `tcp://${address}:${own}`,
    zapDomain: 'test',
    keys: null,
    uuid: 'a'.repeat(32),
    node: 'a',
    cluster: 'shop',
    refusal: (node) => (node === 'b' ? null : 'not listed'),
    clock: systemClock,
    handlers: {
      state: () => undefined,
      peer: () => undefined,
      whisper: () => undefined,
      warning: () => undefined,
      stranger: () => undefined,
      misfit: () => undefined,
      refused: () => undefined,
      failed: () => undefined,
    },
  })
  open.push(() => membership.close())
  membership.listen(headersOf)
  membership.reach([{ id: 'b', endpoint: `tcp://${address}:${other}` }])
  const heard: { uuid: string | null; message: ZreMessage | null }[] = []
  while (heard.length < count) {
    const [identity, frame] = await router.receive()
    heard.push({
      uuid: zreUuid(identity ?? Buffer.alloc(0)),
      message: decodeZre(frame ?? Buffer.alloc(0)),
    })
    if (heard.length === 2) membership.tick(systemClock.now(), 0)
  }
  return heard
}

it('Z1: a connection begins with HELLO, then JOIN of the group of all nodes, numbered from 1', async () => {
  const [hello, join] = await hear(2)
  expect(hello?.uuid).toMatch(/^[0-9a-f]{32}$/)
  expect(join?.uuid).toBe(hello?.uuid)
  expect(hello?.message).toMatchObject({ type: 'hello', sequence: 1, name: 'a' })
  expect(join?.message).toEqual({ type: 'join', sequence: 2, group: 'TIDINGS', status: 1 })
})

it('Z1: HELLO says where the ports of the node are, and what it speaks', async () => {
  const [hello] = await hear(1)
  const said = hello?.message?.type === 'hello' ? Object.fromEntries(hello.message.headers) : {}
  expect(said).toEqual({
    'X-TIDINGS-NODE': 'a',
    'X-TIDINGS-INBOUND': '5001',
    'X-TIDINGS-OUTBOUND': '5000',
    'X-TIDINGS-RELAY': '6002',
    'X-TIDINGS-WIRE': '2',
    'X-TIDINGS-MODE': 'proxy',
    'X-TIDINGS-HISTORY': 'h',
    'X-TIDINGS-CLUSTER': 'shop',
  })
})

it('Z1: a node that has not answered is greeted again, from 1', async () => {
  const heard = await hear(4)
  expect(heard.map(({ message }) => `${message?.type} ${message?.sequence}`)).toEqual([
    'hello 1',
    'join 2',
    'hello 1',
    'join 2',
  ])
})
