import { DiscoveryService } from '@nestjs/core'

/** What the queue is injected by. */
export const UPDATE_QUEUE = Symbol('update queue')

/** Of a method of a provider: is called with each delivery of these tables, one after the other. */
export const OnDelivery = DiscoveryService.createDecorator<readonly string[]>()
