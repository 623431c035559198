// Who has a name, with real processes: killed, frozen, leaving, in containers, hidden, with a wrong clock.
import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { endProcessesAfterEach } from '../harness/after-each.ts'
import type { Child } from '../harness/child.ts'
import { eventually } from '../harness/eventually.ts'
import { asUser, container, hidingProcesses, inside, withClockOff } from '../harness/place.ts'
import { Product } from '../harness/product.ts'
import { TestCluster } from '../harness/test-cluster.ts'
import { available } from '../harness/tools.ts'

endProcessesAfterEach()

const publisher = `
  import { openUpdateQueue } from 'tidings'
  const [name = 'P', drainMs = '2000'] = process.argv.slice(2)
  const queue = await openUpdateQueue({ process: name, drainMs: Number(drainMs), clusterTimeoutMs: 600_000 }).catch(
    (error) => console.log('refused', error.message) ?? process.exit(1),
  )
  queue.publish({ table: 'TRADE', kind: 'insert', record: { N: 1 } })
  console.log('open', process.pid)
  process.once('SIGTERM', () => void queue.close().then(() => console.log('closed')))
  const failure = await queue.closed
  if (failure) console.log('ended', failure.code, failure.message)
  process.exit()`

/** With the word \`stuck\` it takes one delivery and never comes back for another. */
const subscriber = `
  import { openUpdateQueue } from 'tidings'
  const queue = await openUpdateQueue({ process: 'SUBSCRIBER' })
  const trades = queue.subscribe('TRADE', {
    onDelivery: ({ updates = [], losses = [] }) => {
      for (const { publisher } of updates) console.log('update of', publisher.process)
      for (const { reason, to } of losses) console.log('loss', reason, to)
      if (process.argv[2] === 'stuck') return new Promise(() => {})
    },
  })
  await trades.ready
  console.log('ready')
  const failure = await queue.closed
  console.log('ended', failure?.message)`

async function stage() {
  const product = new Product()
  const cluster = await TestCluster.reserve('proxy', 1, { product })
  const files = {
    publisher: product.write('publisher.mjs', publisher),
    subscriber: product.write('subscriber.mjs', subscriber),
  }
  return { cluster, ...files }
}

const losses = ({ lines }: Child) => lines.filter((line) => line.startsWith('loss'))

it('a name is free as soon as its process was killed, and its subscribers know', async () => {
  const { cluster, publisher, subscriber } = await stage()
  await cluster.node().start()
  const hears = cluster.program([subscriber])
  await hears.prints(/^ready/)
  const first = cluster.program([publisher])
  await first.prints(/^open/)
  await hears.prints(/^update of P/)
  await first.end('SIGKILL')
  const second = cluster.program([publisher])
  await second.prints(/^open/)
  await hears.prints(/^loss gone null/)
})

it('a second live process of a name is refused, and told what to do', async () => {
  const { cluster, publisher } = await stage()
  await cluster.node().start()
  const first = cluster.program([publisher])
  await first.prints(/^open/)
  const [refused] = await cluster.program([publisher]).prints(/^refused .*/)
  expect(refused).toMatch(/pid \d+, and it has just answered.*end it first.*"instance"/)
  expect(first.lines).toHaveLength(1)
})

it('one that stood still loses its name to the next, and says so when it wakes', async () => {
  const { cluster, publisher, subscriber } = await stage()
  await cluster.node().start()
  const hears = cluster.program([subscriber])
  await hears.prints(/^ready/)
  const frozen = cluster.program([publisher])
  await frozen.prints(/^open/)
  await hears.prints(/^update of P/)
  frozen.signal('SIGSTOP')
  await cluster.node().child.says(/process P is gone: silent/)
  const next = cluster.program([publisher])
  await next.prints(/^open/)
  await hears.prints(/^loss gone null/)
  frozen.signal('SIGCONT')
  const [ended] = await frozen.prints(/^ended .*/)
  expect(ended).toMatch(/NAME_TAKEN this process has lost its name: it did not answer/)
  expect(next.hasEnded).toBe(false)
})

it('one that stood still and that nobody replaced is back, whole', async () => {
  const { cluster, publisher } = await stage()
  await cluster.node().start()
  const frozen = cluster.program([publisher])
  await frozen.prints(/^open/)
  frozen.signal('SIGSTOP')
  await cluster.node().child.says(/Z process P is gone: silent for 10 s/)
  frozen.signal('SIGCONT')
  await cluster.node().child.says(/Z process P is back: pid \d+/)
  expect(frozen.lines).toHaveLength(1)
  expect(frozen.hasEnded).toBe(false)
})

it('who comes while the old one leaves waits for it, as long as it takes', async () => {
  const { cluster, publisher, subscriber } = await stage()
  await cluster.node().start()
  const stuck = cluster.program([subscriber, 'stuck'])
  await stuck.prints(/^ready/)
  // It drains for as long as that one is there.
  const old = cluster.program([publisher, 'P', '600000'])
  await old.prints(/^open/)
  await stuck.prints(/^update of P/)
  old.signal('SIGTERM')
  await eventually('P is leaving', async () => {
    const { processes } = (await cluster.snapshot()).nodes[0] ?? { processes: [] }
    return processes.some(({ name, status }) => name === 'P' && status === 'WARNING')
  })
  const { child } = cluster.node()
  const next = cluster.program([publisher])
  await child.says(
    new RegExp(
      `process P waits: a process P \\(pid ${old.pid}\\) is leaving and holds its name until it has ended`,
    ),
  )
  expect([old.hasEnded, next.lines]).toEqual([false, []])
  await stuck.end('SIGKILL')
  await next.prints(/^open/)
  const news = child.log.split('\n').flatMap((line) => /process P \w+: .*/.exec(line) ?? [])
  expect(news).toEqual([
    `process P registered: pid ${old.pid}`,
    `process P waits: a process P (pid ${old.pid}) is leaving and holds its name until it has ended`,
    'process P ended: it said so',
    `process P registered: pid ${next.pid}`,
  ])
  expect(await old.ended).toEqual({ code: 0, signal: null })
})

describe.runIf(available('names in containers', 'container'))('in containers', () => {
  it('three that all have pid 1 are killed together and come back, GENESIS_CLUSTER among them', async () => {
    const { cluster, publisher, subscriber } = await stage()
    await cluster.node().start({}, container)
    for (let life = 0; life < 2; life += 1) {
      const children = [
        cluster.program([publisher, 'P'], 0, container),
        cluster.program([publisher, 'Q'], 0, container),
      ]
      await Promise.all(children.map((child) => child.prints(/^open 1$/)))
      const all = [cluster.node().child, ...children]
      await Promise.all(all.map((child) => child.end('SIGKILL')))
      await cluster.node().start({}, container)
    }
    const hears = cluster.program([subscriber], 0, container)
    await cluster.program([publisher, 'P'], 0, container).prints(/^open 1$/)
    await hears.prints(/^ready/)
  })

  it('a healthy process is taken back after a restart, though one of its name was killed before', async () => {
    const { cluster, publisher } = await stage()
    await cluster.node().start()
    const first = cluster.program([publisher], 0, container)
    await first.prints(/^open/)
    await first.end('SIGKILL')
    const healthy = cluster.program([publisher], 0, container)
    await healthy.prints(/^open/)
    await cluster.node().end('SIGKILL')
    await cluster.node().start()
    await cluster.node().child.says(/process P is back/)
    const twin = cluster.program([publisher], 0, container)
    await twin.prints(/^refused/)
    expect(healthy.lines).toHaveLength(1)
  })
})

it.runIf(available('names under hidepid', 'mount', 'setpriv'))(
  'processes of other users that /proc hides live',
  async () => {
    const { cluster, publisher, subscriber } = await stage()
    for (const folder of [dirname(publisher), dirname(cluster.definition), cluster.node().state])
      chmodSync(folder, 0o777)
    const hiddenAs = (uid: number) => inside(hidingProcesses(), asUser(uid))
    await cluster.node().start({}, hiddenAs(65_501))
    const hears = cluster.program([subscriber], 0, hiddenAs(65_502))
    await hears.prints(/^ready/)
    const tells = cluster.program([publisher], 0, hiddenAs(65_503))
    await tells.prints(/^open/)
    await hears.prints(/^update of P/)
    // Whoever judged by /proc would have done so before it refuses another.
    await cluster.program([publisher], 0, hiddenAs(65_504)).prints(/^refused/)
    expect(losses(hears)).toEqual([])
    expect(tells.hasEnded).toBe(false)
  },
)

it.runIf(available('names and clocks', 'faketime'))(
  'a process whose clock was an hour off is known to have died as soon as any other',
  async () => {
    const { cluster, publisher, subscriber } = await stage()
    await cluster.node().start()
    const hears = cluster.program([subscriber])
    await hears.prints(/^ready/)
    const ahead = cluster.program([publisher], 0, withClockOff('+1h'))
    await ahead.prints(/^open/)
    await ahead.end('SIGKILL')
    await cluster.program([publisher]).prints(/^open/)
    await hears.prints(/^loss gone null/)
  },
)
