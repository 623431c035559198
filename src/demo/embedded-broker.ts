import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import type { Aedes } from 'aedes'
import { packageMissing } from '../base/package-missing.ts'

const loopback = '127.0.0.1'

/**
 * An MQTT broker in this process: Aedes, which speaks 3.1.1 and keeps all in memory. For the demonstration and for tests on
 * machines without another broker, at a port of loopback.
 */
export class EmbeddedBroker {
  readonly #broker: Aedes
  readonly #server: Server

  private constructor(broker: Aedes) {
    this.#broker = broker
    // Without delay: an acknowledgement that waits for the next packet takes some 40 ms.
    this.#server = createServer({ noDelay: true }, broker.handle)
  }

  /** @throws TidingsError PACKAGE_MISSING */
  static async start(neededBy: string): Promise<EmbeddedBroker> {
    const wanted = { neededBy, name: 'aedes', install: 'aedes@1' }
    const { Aedes } = await import('aedes').catch(packageMissing(wanted))
    const embedded = new EmbeddedBroker(await Aedes.createBroker())
    embedded.#server.listen(0, loopback)
    await once(embedded.#server, 'listening')
    return embedded
  }

  get url(): string {
    return `tcp://${loopback}:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()))
    await closed
  }
}
