import { type DynamicModule, Module } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { type OpenOptions, openUpdateQueue } from 'tidings'
import { DeliveryHandlers } from './delivery-handlers.js'
import { UPDATE_QUEUE } from './update-queue.js'

/** One queue for the application, which is open before anything asks for it: `@Inject(UPDATE_QUEUE)`. */
@Module({})
export class TidingsModule {
  static forRoot(options: OpenOptions): DynamicModule {
    return {
      module: TidingsModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: UPDATE_QUEUE, useFactory: () => openUpdateQueue(options) },
        DeliveryHandlers,
      ],
      exports: [UPDATE_QUEUE],
    }
  }
}
