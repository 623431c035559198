import { styleText } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { BoundedLog } from './bounded-log.ts'

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Text in a colour where the stream is a terminal that wants colours, else as it is. */
export function styled(stream: NodeJS.WriteStream, style: Style, text: string): string {
  return styleText(style, text, { stream, validateStream: true })
}

let log: BoundedLog | null = null

/** One line for people. Data goes to stdout, everything else comes here. */
export function say(text: string): void {
  log ??= new BoundedLog(process.stderr)
  log.say(text)
}

/** How long the last lines may take to be read at the end, milliseconds. */
const lastLinesWithinMs = 500

/** Lines that nobody reads would keep the process: after a while it ends without them. */
export function endWithoutReader(code: number): void {
  if (process.stderr.writableLength === 0) return
  const timer = systemClock.after(lastLinesWithinMs, () => {
    if (process.stdout.writableLength === 0) process.exit(code)
  })
  process.stderr.write('', () => timer.cancel())
}

/** One line for people about something wrong. */
export function complain(text: string): void {
  say(`${styled(process.stderr, 'red', 'error:')} ${text}`)
}

/** What is said to people cannot be written any more (no reader, a full disk): the work goes on all the same. */
export function goOnWithoutReader(stream: NodeJS.WriteStream): void {
  stream.on('error', () => undefined)
}

/**
 * Calls `failed` once where data cannot be written. Whoever reads us may go (`tidings tail | head`): that
 * is no error.
 */
export function onOutputFailure(failed: (why: string) => void): void {
  let isTold = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold || error.code === 'EPIPE') return
    isTold = true
    failed(`stdout cannot be written: ${error.message}`)
  })
}

/** A signal that asks a command to end before its work is done. */
export interface Interrupt {
  readonly signal: AbortSignal
  /** Which it was; undefined: none came. */
  readonly by: NodeJS.Signals | undefined
  /** From now on signals end the process the usual way. */
  remove(): void
}

export function interruptible(): Interrupt {
  const stop = new AbortController()
  let by: NodeJS.Signals | undefined
  const remove = onInterrupt((signal) => {
    by = signal
    stop.abort()
  })
  return {
    signal: stop.signal,
    get by() {
      return by
    },
    remove,
  }
}

/** Calls `stop` at the first SIGINT or SIGTERM; a second one ends the process the usual way. */
export function onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void {
  const handler = (signal: NodeJS.Signals): void => {
    remove()
    stop(signal)
  }
  const remove = (): void => {
    process.removeListener('SIGINT', handler)
    process.removeListener('SIGTERM', handler)
  }
  process.on('SIGINT', handler)
  process.on('SIGTERM', handler)
  return remove
}
