import { beforeEach, expect, test } from 'vitest'
import type { ChannelMessage } from './channel-message.ts'
import { decodeChannelMessage, encodeChannelMessage } from './channel-message.ts'
import { sealKeyBytes } from './datagram-seal.ts'
import { type MulticastLimits, multicastLimits } from './multicast-limits.ts'
import { MulticastNode } from './multicast-node.ts'

const names = ['a', 'b', 'c'] as const
type Name = (typeof names)[number]

/** Where a datagram or a message of the channel is lost. */
type Loses = (from: string, to: string) => boolean

let now: number
let ends: Record<Name, End>
let losesDatagrams: Loses
/** The network carries none of so many bytes. */
let losesLong: number
let losesMessages: Loses
let limits: MulticastLimits

/** A node with what it said and what it gave, on a network that loses what a test says. */
class End {
  readonly name: Name
  readonly link: MulticastNode
  readonly group: Buffer[] = []
  readonly said: { readonly to: string; readonly message: ChannelMessage }[] = []
  readonly given: string[] = []
  readonly subscribed: string[] = []
  readonly requests: string[] = []

  constructor(name: Name, session: string = name, newKey: (() => Buffer) | null = null) {
    this.name = name
    const options = {
      session: session.charCodeAt(0).toString(16).padStart(16, '0'),
      cluster: 7,
      datagramBytes: 600,
      bytesPerSecond: 1_000_000,
      maxMessageBytes: 10_000,
      limits,
      newKey,
      random: () => 0.5,
      now,
    }
    this.link = new MulticastNode(options, {
      toGroup: (datagram) => this.#toGroup(datagram),
      toNode: (node, frame) => this.#toNode(node as Name, frame),
      toProcesses: (message) => this.given.push(message.toString()),
      subscribe: ({ prefix, isAdded }) => this.subscribed.push(`${isAdded ? '+' : '-'}${prefix}`),
      request: (frame) => this.requests.push(frame.toString()),
    })
    this.link.setEar({ receiveBuffer: 0, source: name })
  }

  saidTo(node: Name, type: ChannelMessage['type']) {
    return this.said.flatMap(({ to, message }) =>
      to === node && message.type === type ? message : [],
    )
  }

  #toGroup(datagram: Buffer): void {
    this.group.push(datagram)
    for (const to of Object.values(ends))
      if (to !== this && datagram.length < losesLong && !losesDatagrams(this.name, to.name))
        to.link.datagram(datagram, this.name, now)
  }

  #toNode(to: Name, frame: Buffer): void {
    const message = decodeChannelMessage(frame)
    if (typeof message === 'string') throw new Error(message)
    this.said.push({ to, message })
    if (!losesMessages(this.name, to)) ends[to].link.fromNode(this.name, frame, now)
  }
}

/** Lets so much time go by. */
function pass(ms: number): void {
  for (const until = now + ms; now < until; now += 1)
    for (const { link } of Object.values(ends)) {
      if (link.dueAt(now) <= now) link.tick(now, 0)
      link.endTurn(now)
      while (link.give());
    }
}

function meet(one: Name, other: Name): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    ends[from].link.open(to)
  ends[one].link.connected(other)
  ends[other].link.connected(one)
}

const subscribes = (name: Name, prefix: string) =>
  ends[name].link.upstream(Buffer.from(`\x01${prefix}`, 'latin1'))
const exports = (name: Name, message: string) => ends[name].link.exported(Buffer.from(message))

beforeEach(() => {
  now = 0
  losesDatagrams = () => false
  losesLong = Infinity
  losesMessages = () => false
  limits = multicastLimits
  ends = { a: new End('a'), b: new End('b'), c: new End('c') }
  meetAll()
})

function meetAll(): void {
  meet('a', 'b')
  meet('a', 'c')
  meet('b', 'c')
  pass(2_000)
}

/** All nodes begin anew, and seal what they send. */
function sealAll(more: Partial<MulticastLimits> = {}): void {
  limits = { ...multicastLimits, ...more }
  let drawn = 0
  const newKey = () => Buffer.alloc(sealKeyBytes, ++drawn)
  ends = {
    a: new End('a', 'a', newKey),
    b: new End('b', 'b', newKey),
    c: new End('c', 'c', newKey),
  }
  meetAll()
}

const dropped = (name: Name) => Object.fromEntries(ends[name].link.dropped)

test('X12: before a node was told where another one is, that one says nothing else to it', () => {
  const { a } = ends
  a.link.close('b')
  a.link.open('b')
  a.said.length = 0
  subscribes('a', 'table/B/')
  a.link.upstream(Buffer.from('\x89request'))
  pass(600)
  const said = () => a.said.flatMap(({ to, message }) => (to === 'b' ? message.type : []))
  expect(said()).toEqual(['hello', 'hello'])
  expect(a.saidTo('c', 'requests')).toHaveLength(1)
  a.said.length = 0
  a.link.connected('b')
  subscribes('a', 'table/C/')
  pass(1)
  expect(said()).toEqual(['hello', 'interest', 'interest'])
})

test('X9: what a node wants is subscribed to at the others, before anything is asked of them there', () => {
  const order: string[] = []
  const { a } = ends
  subscribes('b', 'table/A/')
  ends.b.link.upstream(Buffer.from('\x89request'))
  a.subscribed.push = (each: string) => order.push(each)
  a.requests.push = (each: string) => order.push(each)
  pass(1)
  expect(order).toEqual(['+table/A/', Buffer.from('\x89request').toString()])
  expect(ends.c.subscribed).toEqual(['+table/A/'])
})

test('X9: who lacks some of what is wanted is told all of it, once it has lacked it for a second', () => {
  losesMessages = (from, to) => from === 'b' && to === 'a'
  subscribes('b', 'table/A/')
  pass(1)
  losesMessages = () => false
  pass(400)
  expect(ends.a.subscribed).toEqual([])
  pass(2_000)
  expect(ends.a.subscribed).toEqual(['+table/A/'])
})

test('X5: what is exported comes to all others, in order, while a tenth of the datagrams is lost', () => {
  let count = 0
  losesDatagrams = () => ++count % 10 === 0
  const messages = Array.from({ length: 500 }, (_, n) => `table/A/ ${n} ${'x'.repeat(n * 3)}`)
  for (const message of messages) {
    exports('a', message)
    pass(1)
  }
  pass(1_500)
  for (const name of ['b', 'c'] as const) expect(ends[name].given).toEqual(messages)
  expect(ends.a.link.counts.resent).toBeGreaterThan(20)
  expect(ends.b.link.counts).toMatchObject({ skipped: 0, torn: 0 })
})

test('X7: a node that hears nothing by the group is served by the channel, and no longer than that', () => {
  losesDatagrams = (_, to) => to === 'b'
  exports('a', 'table/A/ not known to be lost yet')
  pass(1_000)
  expect(ends.b.given).toEqual(['table/A/ not known to be lost yet'])
  pass(4_000)
  const asks = () => ends.b.saidTo('a', 'ask').length
  const asked = asks()
  exports('a', 'table/A/ now')
  pass(1)
  expect(ends.b.given).toHaveLength(2)
  expect(asks()).toBe(asked)
  expect(ends.b.link.receptions(now)[0]).toMatchObject({ node: 'a', way: 'channel' })
  losesDatagrams = () => false
  pass(3_000)
  const pushed = ends.a.saidTo('b', 'datagrams').length
  exports('a', 'table/A/ again')
  pass(1)
  expect(ends.b.given).toHaveLength(3)
  expect(ends.a.saidTo('b', 'datagrams')).toHaveLength(pushed)
})

test('X11: a reply goes to the node that wants it alone, behind what was sent before it', () => {
  subscribes('b', 'reply/b/')
  pass(1)
  losesDatagrams = () => true
  exports('a', 'table/A/ first')
  exports('a', 'reply/b/ second')
  losesMessages = (_, to) => to === 'a'
  pass(1)
  expect(ends.b.given).toEqual([])
  losesMessages = () => false
  pass(1_500)
  expect(ends.b.given).toEqual(['table/A/ first', 'reply/b/ second'])
  expect(ends.c.given).toEqual(['table/A/ first'])
  expect(ends.a.saidTo('c', 'messages')).toEqual([])
})

test('X11: a reply waits for a datagram no longer than that is waited for', () => {
  subscribes('b', 'reply/b/')
  pass(1)
  losesDatagrams = () => true
  losesMessages = (from) => from === 'b'
  exports('a', 'table/A/ lost')
  exports('a', 'reply/b/ reply')
  pass(1_990)
  expect(ends.b.given).toEqual([])
  pass(20)
  expect(ends.b.given).toEqual(['reply/b/ reply'])
})

test('X7: while nothing is sent it shows which lengths of datagrams come', () => {
  const of = (name: Name) => ends.b.link.receptions(now).find(({ node }) => node === name)
  pass(5_000)
  expect(of('a')).toMatchObject({ way: 'group', longest: 600, longerMissed: 0 })
  ends = { a: new End('a'), b: new End('b'), c: new End('c') }
  losesLong = 500
  meetAll()
  pass(45_000)
  expect(of('a')).toMatchObject({ way: 'group', longest: 28 })
  expect(of('a')?.longerMissed).toBeGreaterThanOrEqual(10)
  expect(ends.b.given).toEqual([])
  losesLong = Infinity
  pass(5_000)
  expect(of('a')).toMatchObject({ longest: 600, longerMissed: 0 })
})

test('X7: who is served by the channel is not told which lengths come', () => {
  ends = { a: new End('a'), b: new End('b'), c: new End('c') }
  losesDatagrams = (from) => from === 'a'
  meetAll()
  pass(60_000)
  const [reception] = ends.b.link.receptions(now)
  expect(reception).toMatchObject({ node: 'a', way: 'channel', longerMissed: 0 })
})

test('X12: who is not known, of another cluster, from elsewhere, or sealed is not heard', () => {
  const { b } = ends
  const [datagram] = ends.a.group.slice(-1) as [Buffer]
  const stranger = Buffer.from(datagram)
  stranger[12] = 0xff
  b.link.datagram(stranger, 'a', now)
  const ofOthers = Buffer.from(datagram)
  ofOthers[8] = 0xff
  b.link.datagram(ofOthers, 'a', now)
  const next = Buffer.from(datagram)
  next.writeUInt32LE(next.readUInt32LE(20) + 1, 20)
  b.link.datagram(next, 'elsewhere', now)
  const sealed = Buffer.from(next)
  sealed[5] = 1
  sealed[6] = 1
  b.link.datagram(sealed, 'a', now)
  b.link.datagram(Buffer.from('x'), 'a', now)
  expect(Object.fromEntries(b.link.dropped)).toMatchObject({
    unknown: 1,
    'other-cluster': 1,
    sealed: 1,
    elsewhere: 1,
    'too-short': 1,
  })
})

test('X7: a node is served by the channel until it has heard the group for a while', () => {
  for (const name of ['a', 'c'] as const) ends[name].link.close('b')
  ends.b = new End('b', 'd')
  losesDatagrams = (_, to) => to === 'b'
  for (const name of ['a', 'c'] as const) meet(name, 'b')
  exports('a', 'table/A/ one')
  pass(1)
  expect(ends.b.given).toEqual(['table/A/ one'])
})

test('X12: the session of a node is its own: another one cannot take it', () => {
  const hello = encodeChannelMessage(ends.a.saidTo('b', 'hello')[0] as ChannelMessage)
  ends.b.link.fromNode('c', hello, now)
  exports('a', 'table/A/ one')
  pass(1)
  expect(ends.b.given).toEqual(['table/A/ one'])
})

test('X5: a new life of a node begins anew, and wants what it says', () => {
  subscribes('b', 'table/A/')
  pass(10)
  for (const name of ['a', 'c'] as const) ends[name].link.close('b')
  expect(ends.a.subscribed).toEqual(['+table/A/', '-table/A/'])
  ends.b = new End('b', 'd')
  for (const name of ['a', 'c'] as const) meet(name, 'b')
  exports('b', 'table/B/ one')
  pass(10)
  expect(ends.a.given).toEqual(['table/B/ one'])
})

test('X4: nothing more is read while more waits than may leave', () => {
  const { link } = ends.a
  for (let n = 0; n < 200; n++) exports('a', `table/A/ ${'x'.repeat(500)}`)
  expect(link.isFull).toBe(true)
  pass(200)
  expect(link.isFull).toBe(false)
  expect(ends.b.given).toHaveLength(200)
})

test('X4: an ask for what was never sent, or is not kept any more, gives nothing and is told', () => {
  const { session } = ends.a.saidTo('b', 'hello')[0] as ChannelMessage & { type: 'hello' }
  pass(6_000)
  const before = ends.a.saidTo('b', 'hello').length
  const ranges = [
    { from: 1, count: 2 },
    { from: 10 ** 9, count: 2 ** 32 - 1 },
  ]
  ends.a.link.fromNode('b', encodeChannelMessage({ type: 'ask', session, ranges }), now)
  expect(ends.a.saidTo('b', 'hello')).toHaveLength(before + 1)
  const pushed = ends.a.saidTo('b', 'datagrams').length
  ends.a.link.tick(now, 0)
  expect(ends.a.saidTo('b', 'datagrams')).toHaveLength(pushed)
})

test('X13: what is sealed arrives as it was exported, while datagrams are lost, and the group shows nothing of it', () => {
  sealAll()
  let count = 0
  losesDatagrams = () => ++count % 10 === 0
  const messages = Array.from({ length: 200 }, (_, n) => `table/A/ ${n} ${'x'.repeat(n * 7)}`)
  for (const message of messages) {
    exports('a', message)
    pass(1)
  }
  pass(1_500)
  for (const name of ['b', 'c'] as const) expect(ends[name].given).toEqual(messages)
  expect(ends.a.link.counts.resent).toBeGreaterThan(10)
  expect(ends.a.group.filter((datagram) => datagram.includes('table/'))).toEqual([])
})

test('X13: what was not sealed as it comes changes nothing: forged, flipped, or not sealed at all', () => {
  sealAll()
  const { b } = ends
  exports('a', 'table/A/ one')
  pass(1)
  const [last] = ends.a.group.slice(-1) as [Buffer]
  const numbered = (ahead: number) => {
    const forged = Buffer.from(last)
    forged.writeUInt32LE(forged.readUInt32LE(20) + ahead, 20)
    return forged
  }
  const before = ends.b.said.length
  for (let ahead = 1; ahead <= 100; ahead++) b.link.datagram(numbered(ahead), 'a', now)
  const open = numbered(1)
  open.writeUInt16LE(0, 5)
  open[7] = 0
  b.link.datagram(open, 'a', now)
  const ofNoEpoch = numbered(1)
  ofNoEpoch[6] = 9
  b.link.datagram(ofNoEpoch, 'a', now)
  b.link.datagram(numbered(70_000), 'a', now)
  expect(dropped('b')).toMatchObject({
    'not-opened': 100,
    'not-sealed': 1,
    'unknown-epoch': 1,
    ahead: 1,
  })
  // Nobody is asked for what was never sent, and nobody is told what came of it.
  pass(50)
  expect(ends.b.said.slice(before).filter(({ message }) => message.type === 'ask')).toEqual([])
  exports('a', 'table/A/ two')
  pass(1)
  expect(b.given).toEqual(['table/A/ one', 'table/A/ two'])
})

test('X13: old datagrams that somebody sends again do not make a node believe that it hears the group', () => {
  sealAll()
  exports('a', 'table/A/ one')
  pass(1)
  const old = ends.a.group.slice(-3)
  losesDatagrams = (_, to) => to === 'b'
  for (let second = 0; second < 8; second++) {
    for (const datagram of old) ends.b.link.datagram(datagram, 'a', now)
    pass(1_000)
  }
  expect(ends.b.link.receptions(now)[0]).toMatchObject({ node: 'a', way: 'channel' })
  exports('a', 'table/A/ two')
  pass(1)
  expect(ends.b.given).toEqual(['table/A/ one', 'table/A/ two'])
})

test('X14: keys are changed while datagrams are lost, and nothing is', () => {
  sealAll({ epochMs: 2_000, epochKeptMs: 7_500 })
  let count = 0
  losesDatagrams = () => ++count % 20 === 0
  const messages: string[] = []
  for (let n = 0; n < 500; n++) {
    messages.push(`table/A/ ${n}`)
    exports('a', `table/A/ ${n}`)
    pass(20)
  }
  pass(500)
  expect(ends.b.given).toEqual(messages)
  const epochs = new Set(ends.a.group.map((datagram) => datagram.readUInt16LE(6)))
  expect(epochs.size).toBeGreaterThan(2)
  expect(dropped('b')).not.toHaveProperty('unknown-epoch')
})

test('X14: who comes while keys are changed opens what is sent before and after', () => {
  sealAll({ epochMs: 2_500, epochToldMs: 1_000 })
  while (ends.a.saidTo('b', 'hello').every((hello) => (hello as { epoch?: number }).epoch === 1))
    pass(1)
  for (const name of ['a', 'c'] as const) ends[name].link.close('b')
  ends.b = new End('b', 'd', () => Buffer.alloc(sealKeyBytes, 99))
  for (const name of ['a', 'c'] as const) meet(name, 'b')
  for (let n = 0; n < 20; n++) {
    exports('a', `table/A/ ${n}`)
    pass(100)
  }
  expect(ends.b.given).toEqual(Array.from({ length: 20 }, (_, n) => `table/A/ ${n}`))
})
