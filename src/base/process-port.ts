import { TidingsError } from './tidings-error.ts'

/** A process's ZeroMQ port is its process port plus this: a convention of the platform. */
export const zeromqPortOffset = 10_000

export const maxPort = 65_535

/** The highest process port: with the offset it must still be a port. */
export const maxProcessPort = maxPort - zeromqPortOffset

/** @throws TidingsError USAGE where the process port leaves no room for it */
export function zeromqPortOf(processPort: number): number {
  if (processPort <= maxProcessPort) return processPort + zeromqPortOffset
  const why = `process port ${processPort} leaves no room for its ZeroMQ port (+ ${zeromqPortOffset})`
  throw new TidingsError('USAGE', why)
}
