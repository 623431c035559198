import { connect } from 'node:net'
import { systemClock } from '../base/clock.ts'

/** What came of a connection to a port: a greeting of ZeroMQ, or why none. */
export type Greeting = 'zeromq' | 'refused' | 'silent' | 'unreachable' | 'something else'

/** The first ten bytes of ZMTP 3.x (RFC 23/ZMTP): 0xFF, eight of any kind, 0x7F. */
const signatureBytes = 10

/** Connects and reads the greeting that ZeroMQ sends at once; then leaves. */
export function greetingOf(address: string, port: number, withinMs: number): Promise<Greeting> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    let bytes = Buffer.alloc(0)
    let isConnected = false
    const end = (greeting: Greeting): void => {
      timer.cancel()
      socket.destroy()
      resolve(greeting)
    }
    const timer = systemClock.after(withinMs, () => end(isConnected ? 'something else' : 'silent'))
    socket.on('connect', () => {
      isConnected = true
    })
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < signatureBytes) return
      end(bytes[0] === 0xff && bytes[9] === 0x7f ? 'zeromq' : 'something else')
    })
    socket.on('end', () => end('something else'))
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (isConnected) end('something else')
      else end(code === 'ECONNREFUSED' ? 'refused' : 'unreachable')
    })
  })
}
