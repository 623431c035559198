import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { DiscoveryService, MetadataScanner } from '@nestjs/core'
import type { Delivery, UpdateQueue } from 'tidings'
import { OnDelivery, UPDATE_QUEUE } from './update-queue.js'

type Methods = Record<string, (delivery: Delivery) => unknown>

/** Subscribes the methods that bear `@OnDelivery([…])`. The application listens when all of them are told of everything. */
@Injectable()
export class DeliveryHandlers implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    @Inject(UPDATE_QUEUE) private readonly queue: UpdateQueue,
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const ready = this.discovery.getProviders().flatMap((provider) => {
      const instance = provider.instance as Methods | null | undefined
      if (typeof instance !== 'object' || instance === null) return []
      return this.scanner.getAllMethodNames(instance).flatMap((name) => {
        const tables = this.discovery.getMetadataByDecorator(OnDelivery, provider, name)
        if (!tables) return []
        const onDelivery = (delivery: Delivery): unknown => instance[name]?.(delivery)
        return this.queue.subscribe([...tables], { onDelivery }).ready
      })
    })
    await Promise.all(ready)
  }

  /** Nest calls this when no request is under way any more: nobody publishes. */
  async onApplicationShutdown(): Promise<void> {
    await this.queue.close()
  }
}
