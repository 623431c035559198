// What a program gives to publish() arrives as it was, or is refused by its place, and what was published before and
// behind a refusal arrives whole.
import { expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'

endProcessesAfterEach()

const publisher = `
  import vm from 'node:vm'
  import { openUpdateQueue, TidingsError } from 'tidings'
  const queue = await openUpdateQueue({ process: 'PUBLISHER' })
  const row = (record, table = 'TRADE') => ({ table, kind: 'insert', record })
  const publish = (what, updates) => {
    try {
      queue.publish(updates)
    } catch (error) {
      console.log(what, '|', error instanceof TidingsError, error.code, error.message)
    }
  }
  const otherRealm = (code) => vm.runInNewContext('(' + code + ')')
  publish('mine', row({ AT: new Date(5), BYTES: new Uint8Array([1, 2]) }))
  publish('of another realm', row(otherRealm('{ AT: new Date(5), BYTES: new Uint8Array([1, 2]) }')))
  publish('buffer', row({ AT: new Date(5), BYTES: new Uint8Array([1, 2]).buffer }))
  publish('map', row(otherRealm("{ MAP: new Map([['a', 1]]) }")))
  publish('set', row(otherRealm('{ SET: new Set([1]) }')))
  publish('forgotten await', [row({ N: 1 }), row(Promise.resolve({ N: 2 }))])
  publish('promise', row({ P: Promise.resolve(1) }))
  publish('error', row({ E: new Error('x') }))
  publish('pattern', row({ R: /a/ }))
  publish('proxy', row({ AT: new Proxy(new Date(0), {}) }))
  publish('one of many', Array.from({ length: 500 }, (_, n) =>
    row({ LINES: n === 250 ? [1n] : [1] }, n % 2 ? 'ORDERS' : 'POSITION')))
  const inside = () => (queue.publish(row({ N: 'inner' })), 1)
  publish('getter', [row({ N: 'outer' }), row({ get x() { return inside() } })])
  publish('toJSON', [row({ N: 'outer' }), row({ x: { toJSON: inside } })])
  publish('throws', row({ get x() { throw new Error('boom') } }))
  publish('mine', row({ AT: new Date(5), BYTES: new Uint8Array([1, 2]) }))
  const { missing } = await queue.flush()
  console.log('flushed', missing.length)
  await queue.close()`

const subscriber = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'SUBSCRIBER' })
  const all = queue.subscribe('*', {
    onDelivery: ({ updates, losses }) => {
      if (losses) console.log('loss', JSON.stringify(losses))
      for (const { table, sequence, commit, record } of updates ?? [])
        console.log(table, sequence, commit, record.AT instanceof Date && +record.AT,
          record.BYTES instanceof Uint8Array && [...record.BYTES].join())
    },
  })
  await all.ready
  console.log('ready')`

const refusals = [
  /^buffer \| true VALUE_UNSUPPORTED .*`record\.BYTES` is an ArrayBuffer: give a Uint8Array/,
  /^map \| true VALUE_UNSUPPORTED .*`record\.MAP` is a Map/,
  /^set \| true VALUE_UNSUPPORTED .*`record\.SET` is a Set/,
  /^forgotten await \| true VALUE_UNSUPPORTED updates\[1\] of TRADE: .*Promise: is an await missing\?/,
  /^promise \| true VALUE_UNSUPPORTED .*`record\.P` is a Promise/,
  /^error \| true VALUE_UNSUPPORTED .*`record\.E` is an? Error/,
  /^pattern \| true VALUE_UNSUPPORTED .*`record\.R` is a RegExp/,
  /^proxy \| true VALUE_UNSUPPORTED .*`record\.AT` is a Proxy of a Date/,
  /^one of many \| true VALUE_UNSUPPORTED updates\[250\] of POSITION: `record\.LINES\[0\]`/,
  /^getter \| true USAGE updates\[1\] of TRADE: .*publish\(\) was called while publish\(\) reads/,
  /^toJSON \| true USAGE updates\[1\] of TRADE: .*publish\(\) was called while publish\(\) reads/,
  /^throws \| true \w+ .*`record\.x` cannot be read: .*boom/,
  /^flushed 0$/,
]

it.each(['mesh', 'proxy'] as const)('in %s', async (shape) => {
  const product = new Product()
  const cluster = await TestCluster.start(shape, 1, { product })
  const hears = cluster.program([product.write('subscriber.mjs', subscriber)])
  await hears.prints(/^ready/)
  const tells = cluster.program([product.write('publisher.mjs', publisher)])
  expect(await tells.ended, tells.log).toEqual({ code: 0, signal: null })
  expect(tells.lines, tells.output).toHaveLength(refusals.length)
  for (const [index, line] of tells.lines.entries()) {
    expect(line).toMatch(refusals[index] as RegExp)
    const code = /\b(VALUE_UNSUPPORTED|USAGE)\b/.exec(line)?.[0]
    // Once for `error.code`, once in the message.
    if (code) expect(line.split(code)).toHaveLength(3)
  }
  await hears.prints(/^TRADE 3/)
  expect(hears.lines).toEqual(['ready', ...[1, 2, 3].map((n) => `TRADE ${n} ${n} 5 1,2`)])
})
