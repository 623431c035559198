// A NestJS application whose providers hear of updates: @OnDelivery(['TRADE']). Start it twice, with PORT=3001 and PORT=3002: each
// knows at once what the other has committed.
import 'reflect-metadata'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { TidingsModule } from './tidings.module.js'
import { TradesController } from './trades.controller.js'
import { TradesService } from './trades.service.js'

const port = process.env['PORT'] ?? '3001'

@Module({
  imports: [TidingsModule.forRoot({ process: 'TRADES', instance: port, publishes: ['TRADE'] })],
  controllers: [TradesController],
  providers: [TradesService],
})
class Application {}

const application = await NestFactory.create(Application, { logger: ['error', 'warn'] })
// SIGTERM ends the server first, and then the queue.
application.enableShutdownHooks()
await application.listen(port, '127.0.0.1')
