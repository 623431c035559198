// The stories of docs/PROTOCOL.md, told by a real publisher and a real subscription: the page shows what they do.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Loss } from '../src/model/loss.ts'
import type { Message, TableSequence } from '../src/model/message.ts'
import type { Request } from '../src/model/request.ts'
import type { RosterEntry } from '../src/model/roster-entry.ts'
import { everything, Pair } from './harness/pair.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'PROTOCOL.md'), 'utf8')

/** What the page shows under a heading of this name. */
function told(story: string): string {
  const [, section = ''] = page.split(`\n### ${story}\n`)
  return /^```text\n(.*?)^```$/ms.exec(section)?.[1] ?? ''
}

const nameOfLoss = ({ table, from, to, reason, ends }: Loss): string =>
  `loss of ${table} ${from ?? '?'}–${to ?? '?'} (${reason})${ends ? ', ends' : ''}`

const ranges = (streams: readonly TableSequence[]) =>
  streams.map(({ table, last }) => `${table} ${last}`).join(', ')

const range = (table: string, first: number, count: number) =>
  `${table} ${count === 1 ? first : `${first}–${first + count - 1}`}`

function nameOf(message: Message): string {
  switch (message.kind) {
    case 'batch': {
      const { table, first, count, parcel, manifest } = message
      return `batch ${range(table, first, count)}, parcel ${parcel}, manifest ${ranges(manifest)}`
    }
    case 'replay':
      return `replay ${message.batches.map(({ table, first, count }) => range(table, first, count)).join(', ')}`
    case 'vector':
      return `vector ${ranges(message.streams)}`
    case 'mark':
      return `mark ${message.table ?? 'of all'} ${message.last}`
    case 'heartbeat':
      return `heartbeat ${ranges(message.streams)}`
    default:
      return message.kind
  }
}

function nameOfRequest(request: Request): string {
  if (request.kind === 'sync') return 'sync'
  if (request.kind === 'replay')
    return `replay ${range(request.table, request.from, request.to - request.from + 1)}`
  return request.kind
}

/** How much of what the pair has recorded is told. */
interface Told {
  requests: number
  renewed: number
  events: number
  order: number
  deliveries: number
  losses: number
  isReady: boolean
}

/** A publisher and a subscription, and what goes on between them from now on, a line each. */
class Story {
  readonly pair: Pair
  readonly #lines: string[] = []
  readonly #since: number
  #told: Told

  constructor(pair: Pair) {
    this.pair = pair
    this.#since = pair.now
    this.#told = this.#recorded()
  }

  say(who: string, what: string): void {
    const at = String(this.pair.now - this.#since).padStart(5)
    this.#lines.push(`${at} ms  ${who.padEnd(11)}  ${what}`)
  }

  /** Publishes one commit, in one parcel. */
  publish(...tables: string[]): void {
    this.say('publisher', `publish() of ${tables.join(' and ')}`)
    this.pair.publish(tables)
  }

  /** What the roster says of the publisher. */
  roster(what: string, entry: Partial<RosterEntry>): void {
    this.say('roster', what)
    this.pair.roster({ publishes: ['TRADE'], ...entry })
    this.#tellNews()
  }

  /** What is on its way arrives, then time goes by. Heartbeats are not worth a line. */
  pass(ms: number, isLost: (message: Message) => boolean = () => false): void {
    const { pair } = this
    this.#deliver(isLost)
    for (const end = pair.now + ms; pair.now < end;) {
      pair.now += 10
      pair.subscription.tick(pair.now, 0)
      this.#tellNews()
      for (const request of pair.requests.splice(0)) pair.publisher.onRequest(request, pair.now)
      pair.publisher.tick(pair.now)
      this.#deliver(isLost)
    }
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`
  }

  #deliver(isLost: (message: Message) => boolean): void {
    this.pair.deliver((message) => {
      this.#tellNews()
      const lost = isLost(message)
      if (message.kind !== 'heartbeat')
        this.say('publisher', `${nameOf(message)}${lost ? ': lost on its way' : ''}`)
      return lost
    })
    this.#tellNews()
  }

  #recorded(): Told {
    const { asked, renewed, events, order, got, losses, isReady } = this.pair
    return {
      requests: asked.length,
      renewed: renewed.length,
      events: events.length,
      order: order.length,
      deliveries: got.length,
      losses: losses.length,
      isReady,
    }
  }

  #tellNews(): void {
    const { asked, renewed, events, isReady } = this.pair
    const told = this.#told
    for (const { type } of events.slice(told.events)) this.say('subscriber', `event ${type}`)
    for (const { hop } of renewed.slice(told.renewed)) this.say('subscriber', `renews ${hop}`)
    for (const { request } of asked.slice(told.requests))
      this.say('subscriber', `asks: ${nameOfRequest(request)}`)
    this.#tellDeliveries(told)
    if (isReady && !told.isReady) this.say('application', 'ready')
    this.#told = this.#recorded()
  }

  #tellDeliveries({ order, deliveries, losses }: Told): void {
    const { pair } = this
    for (let at = order; at < pair.order.length;) {
      if (pair.order[at]?.startsWith('lost')) {
        this.say('application', nameOfLoss(pair.losses[losses++] as Loss))
        at++
        continue
      }
      const { updates } = pair.got[deliveries++] as Pair['got'][number]
      const names = updates.map(({ table, sequence }) => `${table} ${sequence}`)
      this.say('application', `updates ${names.join(', ')}`)
      at += updates.length
    }
  }
}

const isBatchOf = (table: string) => (message: Message) =>
  message.kind === 'batch' && message.table === table

it('docs/PROTOCOL.md: a batch is lost', () => {
  const story = new Story(new Pair(['TRADE', 'POSITION']).ready())
  story.publish('TRADE', 'POSITION')
  story.pass(200, isBatchOf('POSITION'))
  expect(told('A batch is lost')).toBe(story.text)
})

it('docs/PROTOCOL.md: a publisher is killed', () => {
  const story = new Story(new Pair(['TRADE']).ready())
  story.publish('TRADE')
  story.pass(0)
  story.publish('TRADE')
  story.pass(10, isBatchOf('TRADE'))
  story.publish('TRADE')
  story.pass(10)
  story.roster('the publisher has ended, without last numbers', { state: 'ended' })
  expect(told('A publisher is killed')).toBe(story.text)
})

it('docs/PROTOCOL.md: a publisher is cut off', () => {
  const story = new Story(new Pair(['TRADE']).ready())
  story.publish('TRADE')
  story.pass(1000)
  story.publish('TRADE')
  story.pass(9_700, everything)
  story.pass(1000)
  expect(told('A publisher is cut off')).toBe(story.text)
})

it('docs/PROTOCOL.md: a subscriber comes late', () => {
  const pair = new Pair(['TRADE'], { before: [['TRADE'], ['TRADE'], ['TRADE']] })
  const story = new Story(pair)
  story.roster('settled, the publisher is alive', {})
  story.pass(30)
  story.publish('TRADE')
  story.pass(20)
  story.publish('TRADE')
  story.pass(0)
  expect(told('A subscriber comes late')).toBe(story.text)
})
