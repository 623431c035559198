import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Registrant, newIncarnation } from './registrant.ts'
import { BreakableWay } from '../harness/breakable-way.ts'
import { eventually } from '../harness/eventually.ts'
import { RunningCluster, nodesAt, settingsOf, stateDirectory, stopAll } from './running-cluster.ts'
import { closeTaps } from './wire-tap.ts'

afterEach(async () => {
  closeTaps()
  await stopAll()
})

async function oneNode(options: { state?: string } = {}): Promise<RunningCluster> {
  return RunningCluster.start(settingsOf(await nodesAt('127.0.0.1')), options)
}

test('a process is registered, handed a port, and told of the others', async () => {
  const cluster = await oneNode()
  const handler = new Registrant(cluster)
  handler.wantsPort = true
  const answer = await handler.registered()
  expect(answer).toMatchObject({ type: 'registered', linked: false })
  expect(answer.type === 'registered' && answer.processPort).toBeGreaterThanOrEqual(11_000)
  const server = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  server.wantsPort = true
  const second = await server.registered()
  expect(second).not.toMatchObject({
    processPort: answer.type === 'registered' && answer.processPort,
  })
  await handler.knows('the data server', (roster) => roster.has(server.incarnation))
  await server.knows('the event handler', (roster) => roster.has(handler.incarnation))
  expect(handler.settled).toBe(true)
})

test('the change of a registration is told to the others, once per version', async () => {
  const cluster = await oneNode()
  const publisher = new Registrant(cluster)
  const subscriber = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  await publisher.registered()
  await subscriber.registered()
  await publisher.registered({ publishes: ['TRADE', 'POSITION'] })
  await subscriber.knows('the new table', (roster) =>
    Boolean(roster.get(publisher.incarnation)?.publishes.includes('POSITION')),
  )
})

test('another mode is refused, and both are named', async () => {
  const process = new Registrant(await oneNode(), { mode: 'proxy' })
  const answer = await process.registered()
  expect(answer).toMatchObject({ type: 'refused', code: 'MODE_MISMATCH' })
  expect(answer.type === 'refused' && answer.message).toMatch(/proxy mode.*mesh mode/)
})

test('a process that speaks another version of the wire is refused, and both are named', async () => {
  const process = new Registrant(await oneNode())
  process.wire = 1
  const answer = await process.registered()
  expect(answer).toMatchObject({ type: 'refused', code: 'MODE_MISMATCH' })
  expect(answer.type === 'refused' && answer.message).toMatch(/version 1 of the wire.*version 2/)
})

test('a second live process of one name is refused, one with an instance is not', async () => {
  const cluster = await oneNode()
  await new Registrant(cluster, { pid: 7 }).registered()
  const second = new Registrant(cluster, { pid: 8 })
  const answer = await second.registered()
  expect(answer).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  expect(answer.type === 'refused' && answer.message).toContain('pid 7')
  const replica = new Registrant(cluster, { pid: 8, instance: '2' })
  expect(await replica.registered()).toMatchObject({ type: 'registered' })
})

test('a process whose connection ends has ended at once, and its name is free', async () => {
  const cluster = await oneNode()
  const watcher = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  await watcher.registered()
  const first = new Registrant(cluster, { pid: 1 })
  await first.registered()
  await watcher.knows('the process', (roster) => roster.get(first.incarnation)?.state === 'alive')
  first.die()
  // All containers have a pid 1.
  expect(await new Registrant(cluster, { pid: 1 }).registered()).toMatchObject({
    type: 'registered',
  })
  await watcher.knows('its end', (roster) => roster.get(first.incarnation)?.state === 'ended')
  expect(watcher.roster.get(first.incarnation)?.last).toBeNull()
})

test('a process that dies without an heir has ended, too', async () => {
  const cluster = await oneNode()
  const watcher = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  await watcher.registered()
  const mortal = new Registrant(cluster)
  await mortal.registered()
  await watcher.knows('the process', (roster) => roster.get(mortal.incarnation)?.state === 'alive')
  mortal.die()
  await watcher.knows('its end', (roster) => roster.get(mortal.incarnation)?.state === 'ended')
  // Silence makes nobody end.
  expect(watcher.roster.get(mortal.incarnation)?.last).toBeNull()
})

test('one whose connection breaks while it cannot say anything lives on: its connection is made again', async () => {
  const cluster = await oneNode()
  const watcher = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  await watcher.registered()
  const way = await BreakableWay.to(cluster.at('registry'))
  try {
    // It says nothing but what the test has it say, as a process that is busy for seconds.
    const busy = new Registrant(cluster, { process: 'BUSY' }, way.endpoint)
    await busy.registered()
    const mortal = new Registrant(cluster)
    await mortal.registered()
    way.break()
    mortal.die()
    await watcher.knows('the end', (roster) => roster.get(mortal.incarnation)?.state === 'ended')
    await watcher.knows('the other', (roster) => roster.has(busy.incarnation))
    expect(watcher.roster.get(busy.incarnation)?.state).toBe('alive')
  } finally {
    way.close()
  }
})

test('one that does not answer loses its name, and is told so when it wakes', async () => {
  const cluster = await oneNode()
  const frozen = new Registrant(cluster, { pid: 1 })
  await frozen.registered()
  frozen.answersAsks = false
  const heir = new Registrant(cluster, { pid: 2 })
  expect(await heir.answered('registered')).toMatchObject({ type: 'registered' })
  await heir.knows('the end', (roster) => roster.get(frozen.incarnation)?.state === 'ended')
  const answer = await frozen.registered()
  expect(answer).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  expect(answer.type === 'refused' && answer.message).toMatch(/lost its name.*pid 2/)
})

test('who asks for the name of one that is leaving waits for its end', async () => {
  const cluster = await oneNode()
  const last = [{ table: 'TRADE', last: 42 }]
  const leaver = new Registrant(cluster)
  await leaver.registered({ state: 'leaving', last })
  const next = new Registrant(cluster)
  expect(await next.answered('wait')).toMatchObject({ message: expect.stringContaining('leaving') })
  await leaver.registered({ state: 'ended', last })
  expect(await next.answered('registered')).toMatchObject({ type: 'registered' })
})

test('the last numbers of a process that leaves stay when it dies', async () => {
  const cluster = await oneNode()
  const watcher = new Registrant(cluster, { process: 'TRADE_DATASERVER' })
  await watcher.registered()
  const leaver = new Registrant(cluster)
  const last = [{ table: 'TRADE', last: 42 }]
  await leaver.registered({ state: 'leaving', last })
  leaver.die()
  await watcher.knows('its end', (roster) => roster.get(leaver.incarnation)?.state === 'ended')
  expect(watcher.roster.get(leaver.incarnation)?.last).toEqual(last)
})

test('a restart with the file keeps the history and waits for those that it lists', async () => {
  const state = stateDirectory()
  const settings = settingsOf(await nodesAt('127.0.0.1'))
  const first = await RunningCluster.start(settings, { state })
  const absent = new Registrant(first, { process: 'SILENT' })
  const known = new Registrant(first)
  await absent.registered()
  await known.registered()
  await known.knows('itself', (roster) => roster.has(absent.incarnation))
  const { seen } = known
  await first.kill()
  await RunningCluster.start(settings, { state })
  const version = seen.version
  await known.knows('a later version', () => known.seen.version > version)
  expect(known.seen.history).toBe(seen.history)
  expect(known.settled).toBe(false)
  await known.knows('that the roster settled without SILENT', () => known.settled)
  expect(known.unreachable).toEqual(['SILENT'])
  await absent.registered()
  await known.knows('that SILENT is here', () => known.unreachable.length === 0)
})

test('the file of the last run holds nobody’s name', async () => {
  const state = stateDirectory()
  const settings = settingsOf(await nodesAt('127.0.0.1'))
  const first = await RunningCluster.start(settings, { state })
  const mortal = new Registrant(first, { process: 'MORTAL', pid: 1 })
  const healthy = new Registrant(first, { pid: 1 })
  await mortal.registered()
  await healthy.registered()
  await first.kill()
  mortal.die()
  const second = await RunningCluster.start(settings, { state })
  const heir = new Registrant(second, { process: 'MORTAL', pid: 1 })
  const twin = new Registrant(second, { pid: 2 })
  expect(await heir.answered('registered')).toMatchObject({ type: 'registered' })
  await healthy.knows('the end', (roster) => roster.get(mortal.incarnation)?.state === 'ended')
  expect(healthy.answers.some(({ type }) => type === 'refused')).toBe(false)
  expect(await twin.registered()).toMatchObject({ type: 'refused', code: 'NAME_TAKEN' })
  await healthy.knows('a settled roster', () => healthy.settled)
  expect(healthy.unreachable).toEqual([])
})

test('GENESIS_CLUSTER that was killed is no more in its next life', async () => {
  const state = stateDirectory()
  const settings = settingsOf(await nodesAt('127.0.0.1'))
  const first = await RunningCluster.start(settings, { state })
  const process = new Registrant(first)
  await process.registered()
  const lives = () => [...process.roster.values()].filter(({ role }) => role === 'cluster')
  await process.knows('the first life', () => lives().length === 1)
  await first.kill()
  await RunningCluster.start(settings, { state })
  await process.knows('a settled roster', () => process.settled && lives().length === 2)
  expect(lives().map((each) => each.state)).toEqual(['ended', 'alive'])
  expect(process.unreachable).toEqual([])
})

test.each(['without its file', 'with a damaged file'])(
  'a restart %s begins a new history',
  async (how) => {
    const state = stateDirectory()
    const settings = settingsOf(await nodesAt('127.0.0.1'))
    const first = await RunningCluster.start(settings, { state })
    const process = new Registrant(first)
    await process.registered()
    await process.knows('its history', () => process.seen.history !== null)
    const { history } = process.seen
    await first.kill()
    const [file = ''] = readdirSync(state)
    const json = readFileSync(path.join(state, file), 'utf8')
    expect(json).toContain(String(history))
    const damaged = how === 'with a damaged file'
    if (damaged) writeFileSync(path.join(state, file), json.slice(0, json.length / 2))
    const second = await RunningCluster.start(settings, damaged ? { state } : {})
    if (damaged) {
      const warning = await second.event('a warning', ({ type }) => type === 'warning')
      expect(warning.message).toContain('it is not JSON')
    }
    await process.knows('a new history', () => process.seen.history !== history)
    expect(process.roster.get(process.incarnation)?.state).toBe('alive')
  },
)

test('two nodes tell each other of their processes, and of their ends', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const [a, b] = await Promise.all([0, 1].map((n) => RunningCluster.start(settingsOf(nodes, n))))
  const here = new Registrant(a!)
  const there = new Registrant(b!, { process: 'TRADE_DATASERVER' })
  expect(await here.registered()).toMatchObject({ type: 'registered', linked: true })
  await there.registered()
  await here.knows('the process there', (roster) => roster.has(there.incarnation))
  await there.knows('the process here', (roster) => roster.has(here.incarnation))
  await there.knows('a settled roster', () => there.settled)
  expect(there.unreachable).toEqual([])
  await here.registered({ state: 'ended', last: [{ table: 'TRADE', last: 7 }] })
  await there.knows('the end', (roster) => roster.get(here.incarnation)?.state === 'ended')
  expect(there.roster.get(here.incarnation)?.last).toEqual([{ table: 'TRADE', last: 7 }])
})

test('a node that restarts is told what it missed, and its processes are known again', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const state = stateDirectory()
  const a = await RunningCluster.start(settingsOf(nodes, 0))
  const first = await RunningCluster.start(settingsOf(nodes, 1), { state })
  const here = new Registrant(a)
  const there = new Registrant(first, { process: 'TRADE_DATASERVER' })
  await here.registered()
  await there.registered()
  await here.knows('the process there', (roster) => roster.has(there.incarnation))
  await first.kill()
  const late = new Registrant(a, { process: 'LATE' })
  await late.registered()
  await RunningCluster.start(settingsOf(nodes, 1), { state })
  await there.knows('what it missed', (roster) => roster.has(late.incarnation))
  await there.registered({ publishes: ['QUOTE'] })
  await here.knows('what is new there', (roster) =>
    Boolean(roster.get(there.incarnation)?.publishes.includes('QUOTE')),
  )
})

test('a node that cannot be heard is named when the roster settles without it', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const a = await RunningCluster.start(settingsOf(nodes, 0))
  const process = new Registrant(a)
  await process.registered()
  await process.knows('that the roster settled', () => process.settled)
  expect(process.unreachable).toEqual(['127.0.0.2'])
})

test('a node that falls silent is suspect, then gone with its processes, and comes back', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const [a, b] = await Promise.all([0, 1].map((n) => RunningCluster.start(settingsOf(nodes, n))))
  const here = new Registrant(a!)
  const there = new Registrant(b!, { process: 'TRADE_DATASERVER' })
  await here.registered()
  await there.registered()
  await here.knows('the process there', (roster) => roster.has(there.incarnation))
  const state = (word: string, since: number) =>
    a!.event(`a ${word} node`, (event) => event.type === 'member' && event.state === word, since)
  const since = a!.events().length
  process.kill(b!.pid, 'SIGSTOP')
  await state('suspect', since)
  expect(here.roster.get(there.incarnation)?.state).toBe('alive')
  await state('gone', since)
  await here.knows('lost touch', (roster) => roster.get(there.incarnation)?.state === 'gone')
  const gone = a!.events().length
  process.kill(b!.pid, 'SIGCONT')
  await state('alive', gone)
  await a!.linkedTo('127.0.0.2', gone)
  await here.knows('touch again', (roster) => roster.get(there.incarnation)?.state === 'alive')
})

test('a publisher of another node is told to renew, and a link is made anew', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const [a, b] = await Promise.all([0, 1].map((n) => RunningCluster.start(settingsOf(nodes, n))))
  const publisher = new Registrant(b!)
  const asker = new Registrant(a!, { process: 'TRADE_DATASERVER' })
  await publisher.registered()
  await asker.registered()
  await asker.knows('the publisher', (roster) => roster.has(publisher.incarnation))
  await a!.linkedTo('127.0.0.2')
  const { incarnation } = publisher
  await eventually('the order to renew', () => {
    asker.say({ type: 'renew', step: 'publisher', incarnation })
    return publisher.answers.some(({ type }) => type === 'renew')
  })
  const since = a!.events().length
  // Asked again as a subscription does: a link that has just been made is left alone for a while.
  await eventually('a link made anew', () => {
    asker.say({ type: 'renew', step: 'link', incarnation })
    const news = a!.events().slice(since)
    return news.some((event) => event.type === 'link' && event.state === 'connected')
  })
})

test('a snapshot shows the processes of all nodes with their figures', async () => {
  const nodes = await nodesAt('127.0.0.1', '127.0.0.2')
  const [a, b] = await Promise.all([0, 1].map((n) => RunningCluster.start(settingsOf(nodes, n))))
  const place = { processPort: 12_000, zeromqPort: 22_000 }
  const there = new Registrant(b!, { place, sequences: [{ table: 'TRADE', last: 12 }] })
  await there.registered()
  const asker = new Registrant(a!)
  const shown = await eventually('the figures of the other node', () => {
    asker.say({ type: 'snapshot' })
    return asker.answers
      .filter((each) => each.type === 'snapshot')
      .flatMap(({ snapshot }) => snapshot.nodes)
      .find(({ name, processes }) => name === '127.0.0.2' && processes.some((p) => p.tables.length))
  })
  expect(shown.state).toBe('alive')
  const process = shown.processes.find(({ name }) => name === 'TRADE_EVENT_HANDLER')
  expect(process).toMatchObject({ status: 'HEALTHY', tables: [{ table: 'TRADE', sequence: 12 }] })
})

test('what is no message of the protocol changes nothing', async () => {
  const cluster = await oneNode()
  const process = new Registrant(cluster)
  process.say({ type: 'renew', step: 'link', incarnation: newIncarnation() })
  process.sayBytes(Buffer.from('{"type":"register","id":-1}'))
  process.sayBytes(Buffer.from('[]'))
  expect(await process.registered()).toMatchObject({ type: 'registered' })
})
