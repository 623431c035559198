import { styleText } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { BoundedLog } from './bounded-log.ts'
import { exitCodeOfSignal } from './exit-code.ts'

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

/** The signal that asked this process to end; undefined: none came. */
let interruptedBy: NodeJS.Signals | undefined

/**
 * Lines for people that nobody reads would keep the process: after a while it ends without them. Data is waited for, but not
 * behind a signal: then what nobody has taken by that time is left out, and the exit code says so.
 */
export function endWithoutReader(code: number): void {
  const { stdout, stderr } = process
  const unread = interruptedBy === undefined ? [stderr] : [stderr, stdout]
  const waiting = new Set(unread.filter(({ writableLength }) => writableLength > 0))
  if (waiting.size === 0) return
  const timer = systemClock.after(lastLinesWithinMs, () => {
    if (stdout.writableLength === 0) process.exit(code)
    if (interruptedBy !== undefined) process.exit(exitCodeOfSignal(interruptedBy))
  })
  for (const stream of waiting)
    stream.write('', () => {
      waiting.delete(stream)
      if (waiting.size === 0) timer.cancel()
    })
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

/** Calls `stop` at the first SIGINT or SIGTERM; a second one ends the process the usual way. `endWithoutReader()` knows of it. */
export function onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void {
  const handler = (signal: NodeJS.Signals): void => {
    remove()
    interruptedBy = signal
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
