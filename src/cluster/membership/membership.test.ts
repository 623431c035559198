import { Dealer, Router } from 'zeromq'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../base/clock.ts'
import { freePorts, nodeAddresses } from '../../../test/harness/loopback.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import { AccessList, loopbackAddresses } from '../../sockets/access-list.ts'
import { Membership, pingIntervalMs } from './membership.ts'
import { type TidingsHeaders, writeHeaders } from './peers.ts'
import type { ZreMessage } from './zre-codec.ts'
import { decodeZre, encodeZre, zreIdentity, zreUuid } from './zre-codec.ts'

const headers: TidingsHeaders = {
  node: 'a',
  inbound: 5001,
  outbound: 5000,
  relay: 6002,
  wire: 2,
  mode: 'proxy',
  history: 'h',
  cluster: 'shop',
  link: 'relay',
}

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

/** Node a of two, and where it expects node b. */
async function meet(headersOf = headers) {
  const [address = ''] = nodeAddresses(1)
  const [own = 0, other = 0] = await freePorts(address, 2)
  const router = new Router({ linger: 0, receiveTimeout: 20_000 })
  open.push(() => router.close())
  const at = `tcp://${address}:${other}`
  await router.bind(at)
  const accepted: string[] = []
  const access = await AccessList.open()
  open.push(() => access.close())
  access.load(loopbackAddresses)
  const membership = await Membership.open({
    bind: address,
    port: own,
    endpoint: () => `tcp://${address}:${own}`,
    zapDomain: access.domain,
    keys: null,
    uuid: 'a'.repeat(32),
    node: 'a',
    cluster: 'shop',
    refusal: (node) => (node === 'b' ? null : 'not listed'),
    clock: systemClock,
    handlers: {
      state: () => undefined,
      peer: ({ uuid }) => accepted.push(uuid),
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
  membership.reach([{ id: 'b', endpoint: at }])
  return { membership, router, at, own: `tcp://${address}:${own}`, accepted }
}

/** What another ZRE node hears of ours, message by message; `null`: no message of ZRE. */
async function hear(count: number) {
  const { membership, router } = await meet()
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
    'X-TIDINGS-LINK': 'relay',
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

it('Z1: a node that is heard, and does not answer pings, is greeted again until it does', async () => {
  const { membership, router, at, own, accepted } = await meet()
  const other = speakerAt(own, 'b'.repeat(32))
  await eventually('b is there', async () => {
    await other.say('hello', at)
    return accepted.length > 0 && membership.isReached('b')
  })
  const heard = async () => {
    const [, frame = Buffer.alloc(0)] = await router.receive()
    return decodeZre(frame)?.type
  }
  /** What the next tick says, up to its ping. */
  let now = systemClock.now()
  const tick = async () => {
    now += pingIntervalMs
    membership.tick(now, 0)
    const types = [await heard()]
    while (types.at(-1) !== 'ping') types.push(await heard())
    return types
  }
  await tick()
  expect(await tick()).toEqual(['hello', 'join', 'ping'])
  await other.say('ping-ok', at)
  await other.say('ping', at)
  // Answered: what was said before it was read.
  expect(await heard()).toBe('ping-ok')
  expect(await tick()).toEqual(['ping'])
  expect(await tick()).toEqual(['hello', 'join', 'ping'])
})

it('Z5: a new life that greets before the end of the last one is seen is there when it is, though it only pings', async () => {
  const { membership, router, at, own, accepted } = await meet()
  const [first, second] = ['1', '2'].map((digit) => {
    const uuid = digit.repeat(32)
    return { uuid, ...speakerAt(own, uuid) }
  }) as [Life, Life]
  await eventually('the first is there', async () => {
    await first.say('hello', at)
    return accepted.includes(first.uuid) && membership.isReached('b')
  })
  await second.say('hello', at)
  // Answered: what it said before was read.
  for (let n = 0; n < 3; n += 1) {
    const before = accepted.length
    await second.say('ping', at)
    await first.say('hello', at)
    await eventually('the first one again', () => accepted.length > before)
  }
  expect(new Set(accepted)).toEqual(new Set([first.uuid]))
  router.close()
  await eventually('the end is seen', () => !membership.isReached('b'))
  await eventually('the second is there', async () => {
    await second.say('ping', at)
    return accepted.includes(second.uuid)
  })
})

type Word = 'ping' | 'ping-ok' | 'hello'

interface Life {
  readonly uuid: string
  readonly say: (type: Word, endpoint: string) => Promise<void>
}

/** Another node that speaks to the one at `endpoint`. */
function speakerAt(endpoint: string, uuid: string): Pick<Life, 'say'> {
  const dealer = new Dealer({ linger: 0 })
  // Bytes; its type says a text.
  ;(dealer as { routingId: unknown }).routingId = zreIdentity(uuid)
  open.push(() => dealer.close())
  dealer.connect(endpoint)
  return { say: (type, at) => dealer.send(encodeZre(said(type, at))) }
}

function said(type: Word, endpoint: string): ZreMessage {
  if (type !== 'hello') return { type, sequence: 2 }
  const rest = {
    groups: [],
    status: 0,
    name: 'b',
    headers: writeHeaders({ ...headers, node: 'b' }),
  }
  return { type, sequence: 1, endpoint, ...rest }
}
