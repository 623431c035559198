import { connectAsync, type IClientOptions } from 'mqtt'
import { expect, it } from 'vitest'
import { retainedAt } from '../../test/harness/retained.ts'
import { clientUrl } from '../transport/mqtt/broker/broker-url.ts'
import { EmbeddedBroker } from './embedded-broker.ts'
import { OwnTopics } from './own-topics.ts'

const root = 'tidings-demo/0/~'

const connectTo = (url: string, options: IClientOptions = {}) =>
  connectAsync(clientUrl(url), { reconnectPeriod: 0, ...options })

it('what a process leaves that was killed is waited for, and taken away', async () => {
  const broker = await EmbeddedBroker.start('a test')
  const topics = await OwnTopics.watch([broker.url], 'tidings-demo/0/{{TABLE_NAME}}', 'a test')
  const own = '1'.repeat(32)
  const will = { topic: `${root}/gone/${own}`, payload: Buffer.from('gone'), retain: true }
  const killed = await connectTo(broker.url, { will: { ...will, qos: 1 } })
  await killed.publishAsync(`${root}/roster/${own}`, 'me', { retain: true, qos: 1 })
  let isCleared = false
  const cleared = topics.clear().then(() => (isCleared = true))
  const other = await connectTo(broker.url)
  // Long enough for it to be done, if it did not wait.
  for (let round = 0; round < 20; round += 1) await other.publishAsync('other', '', { qos: 1 })
  expect(isCleared).toBe(false)
  killed.stream.destroy()
  await cleared
  expect(await retainedAt(broker.url)).toEqual([])
  await other.endAsync()
  await broker.close()
})

it('who has ended in good order is not waited for', async () => {
  const broker = await EmbeddedBroker.start('a test')
  const topics = await OwnTopics.watch([broker.url], 'tidings-demo/0/{{TABLE_NAME}}', 'a test')
  const own = '2'.repeat(32)
  const process = await connectTo(broker.url)
  await process.publishAsync(`${root}/echo/${own}`, '1', { qos: 1 })
  await process.publishAsync(`${root}/ended/${own}`, 'me', { retain: true, qos: 1 })
  await topics.clear()
  expect(await retainedAt(broker.url)).toEqual([])
  await process.endAsync()
  await broker.close()
})
