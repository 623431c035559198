import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'

/** A way to a TCP endpoint, the connections of which a test can break. New ones can be made at once. */
export class BreakableWay {
  readonly endpoint: string
  readonly #sockets: Set<Socket>
  readonly #close: () => void
  #isShut = false

  private constructor(endpoint: string, sockets: Set<Socket>, close: () => void) {
    this.endpoint = endpoint
    this.#sockets = sockets
    this.#close = close
  }

  /** `endpoint`: `tcp://<address>:<port>`, as that of the way itself. */
  static async to(endpoint: string): Promise<BreakableWay> {
    const { hostname, port } = new URL(endpoint)
    const sockets = new Set<Socket>()
    const keep = (socket: Socket, other: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    const server = createServer((near) => {
      if (way.#isShut) {
        near.on('error', () => {})
        near.resetAndDestroy()
        return
      }
      const far = connect(Number(port), hostname)
      keep(near, far)
      keep(far, near)
      near.pipe(far).pipe(near)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const own = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
    const way = new BreakableWay(own, sockets, () => server.close())
    return way
  }

  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Its connections are broken, and new ones as soon as they are made, until `open()`. */
  shut(): void {
    this.#isShut = true
    this.break()
  }

  open(): void {
    this.#isShut = false
  }

  close(): void {
    this.#close()
    this.break()
  }
}
