import { connectAsync } from 'mqtt'
import { clientUrl } from '../../src/transport/mqtt/broker/broker-url.ts'

/** Topics on which a broker keeps a message. It brings them before what is published behind the subscription. */
export async function retainedAt(url: string): Promise<string[]> {
  const client = await connectAsync(clientUrl(url))
  const topics: string[] = []
  const last = new Promise<void>((resolve) =>
    client.on('message', (topic) => {
      if (topic === 'last') resolve()
      else topics.push(topic)
    }),
  )
  await client.subscribeAsync('#')
  await client.publishAsync('last', '')
  await last
  await client.endAsync()
  return topics
}
