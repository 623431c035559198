import { Controller, Get, HttpCode, Param, ParseFloatPipe, Put } from '@nestjs/common'
import { TradesService } from './trades.service.js'

@Controller('trades')
export class TradesController {
  constructor(private readonly trades: TradesService) {}

  @Get('sum')
  sum(): object {
    return this.trades.sum()
  }

  @Put(':id/:price')
  @HttpCode(204)
  set(@Param('id') id: string, @Param('price', ParseFloatPipe) price: number): void {
    this.trades.set(id, price)
  }
}
