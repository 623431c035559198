import type { Socket } from 'zeromq'
import { Proxy as NativeProxy } from 'zeromq'

/** In the order in which they were made. */
export const proxies: NativeProxy[] = []

export class Proxy extends NativeProxy {
  constructor(frontEnd: Socket, backEnd: Socket) {
    super(frontEnd, backEnd)
    proxies.push(this)
  }
}
