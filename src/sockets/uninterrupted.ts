import type { Socket } from 'zeromq'

/** What of a socket connects. */
type ConnectingSocket = Pick<Socket, 'connect' | 'disconnect'>

/**
 * A signal that comes during `connect` or `disconnect` ends the call with EINTR before anything was done, and
 * zeromq.js passes that on, while it repeats a send, receive or bind. A CPU profiler sends a thousand signals a second.
 */
function uninterrupted(call: () => void): void {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if ((error as { code?: string }).code !== 'EINTR') throw error
    }
  }
}

/** @throws what `connect` of zeromq.js does, but for EINTR */
export const connectSocket = (socket: ConnectingSocket, endpoint: string): void =>
  uninterrupted(() => socket.connect(endpoint))

/** @throws what `disconnect` of zeromq.js does, but for EINTR */
export const disconnectSocket = (socket: ConnectingSocket, endpoint: string): void =>
  uninterrupted(() => socket.disconnect(endpoint))
