import { connect } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { addressOf } from '../base/host-port.ts'

/** How long somebody may take to say how a connection is secured, milliseconds. */
const answerWithinMs = 1_000

/** A greeting of ZMTP 3 (RFC 23): signature, version, and at this place the mechanism, with zeros up to its end. */
const greetingBytes = 64
const [mechanismAtByte, mechanismEnd] = [12, 32]
const greetingBegin = Buffer.from('ff00000000000000017f0301', 'hex')

/**
 * The security mechanism (`NULL`, `CURVE`) of the ZeroMQ socket that listens at `tcp://address:port`; null: none answers there.
 * The two ends of a connection tell each other, but who sees first that they differ closes it, and libzmq does not say why
 * when the other end was first. Here nothing is said that could be refused. Never rejects.
 */
export function mechanismAt(endpoint: string, clock: Clock): Promise<string | null> {
  const { port } = new URL(endpoint)
  return new Promise((resolve) => {
    const socket = connect(Number(port), addressOf(endpoint))
    // It is only asked to tell people: no process is kept for it.
    socket.unref()
    const late = clock.after(answerWithinMs, () => socket.destroy())
    let heard = Buffer.alloc(0)
    socket.on('data', (piece: Buffer) => {
      heard = Buffer.concat([heard, piece])
      if (heard.length >= greetingBytes) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      late.cancel()
      const isGreeting = heard.length >= greetingBytes && heard[0] === greetingBegin[0]
      const text = heard.subarray(mechanismAtByte, mechanismEnd).toString('latin1')
      resolve(isGreeting ? text.replaceAll('\0', '') : null)
    })
    socket.write(greetingBegin)
  })
}
