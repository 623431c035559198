import type { Socket } from 'zeromq'

/** What of a socket connects. */
type ConnectingSocket = Pick<Socket, 'connect' | 'disconnect' | 'ipv6'>

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

/**
 * libzmq takes addresses of IPv6 where the socket is set so, and then those of IPv4 too. Set before the first connect or bind:
 * zeromq.js warns of what is set later, and says other endpoints of what IPv4 has bound.
 */
export function allowFamilyOf(socket: Pick<Socket, 'ipv6'>, endpoint: string): void {
  if (endpoint.includes('[') && !socket.ipv6) socket.ipv6 = true
}

/** @throws what `connect` of zeromq.js does, but for EINTR */
export function connectSocket(socket: ConnectingSocket, endpoint: string): void {
  allowFamilyOf(socket, endpoint)
  uninterrupted(() => socket.connect(endpoint))
}

/** @throws what `disconnect` of zeromq.js does, but for EINTR */
export const disconnectSocket = (socket: Pick<Socket, 'disconnect'>, endpoint: string): void =>
  uninterrupted(() => socket.disconnect(endpoint))
