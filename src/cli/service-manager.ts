import { spawn } from 'node:child_process'
import { type Clock, systemClock, type Timer } from '../base/clock.ts'

interface ServiceManagerOptions {
  readonly env: Readonly<NodeJS.ProcessEnv>
  readonly pid: number
  readonly warn: (message: string) => void
  readonly clock?: Clock
  /** Gives the service manager these assignments; resolves when it has them. Default: `systemd-notify`. */
  readonly send?: (assignments: readonly string[]) => Promise<void>
}

/** How often it is looked whether the status has changed, milliseconds. */
export const statusIntervalMs = 5_000

/** How long the service manager has to take what it is told, milliseconds. */
const tellWithinMs = 5_000

const program = 'systemd-notify'

/**
 * What systemd wants to know of a service of `Type=notify` (sd_notify(3)): READY=1, STATUS=, WATCHDOG=1, STOPPING=1. It
 * listens at a datagram socket of the file system, which Node does not offer, so the system's `systemd-notify` says it: a
 * process of a few milliseconds each time, hence `NotifyAccess=all` in the unit.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions
  readonly #clock: Clock
  readonly #timers = new Set<Timer>()
  #told: Promise<void> = Promise.resolve()
  #isBeating = false
  #status = ''
  #isStopping = false
  #hasWarned = false

  private constructor(options: ServiceManagerOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** null: no service manager has started this process, or it does not want to know. */
  static of(options: ServiceManagerOptions): ServiceManager | null {
    return options.env['NOTIFY_SOCKET'] ? new ServiceManager(options) : null
  }

  /** It works from now on; `status`: a line for people, asked for again from time to time. */
  ready(status: () => string): void {
    this.#status = status()
    this.#tell(['READY=1', `STATUS=${this.#status}`])
    this.#every(statusIntervalMs, () => {
      const now = status()
      if (now === this.#status) return
      this.#status = now
      this.#tell([`STATUS=${now}`])
    })
    const watchdogMs = watchdogIntervalMs(this.#options.env, this.#options.pid)
    if (watchdogMs !== null) this.#every(watchdogMs, () => this.#beat())
  }

  /** It ends. */
  stopping(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    for (const timer of this.#timers) timer.cancel()
    this.#tell(['STOPPING=1'])
  }

  /** Resolves when all has been told. */
  ended(): Promise<void> {
    return this.#told
  }

  /** One at a time: what is slow to be told does not pile up. */
  #beat(): void {
    if (this.#isBeating) return
    this.#isBeating = true
    this.#tell(['WATCHDOG=1'])
    this.#told = this.#told.then(() => {
      this.#isBeating = false
    })
  }

  /** Never rejects. */
  #tell(assignments: readonly string[]): void {
    const { send = bySystemdNotify } = this.#options
    this.#told = this.#told.then(() => send(assignments)).catch((error: Error) => this.#warn(error))
  }

  #warn({ message }: Error): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#options.warn(
      `the service manager cannot be told that this process is ready or lives: ${message}: ` +
        `install ${program}, set NotifyAccess=all in the unit, or take Type=exec without WatchdogSec`,
    )
  }

  #every(ms: number, run: () => void): void {
    const timer = this.#clock.after(ms, () => {
      this.#timers.delete(timer)
      this.#every(ms, run)
      run()
    })
    this.#timers.add(timer)
  }
}

/** Half of the time after which a process that says nothing is ended, as sd_watchdog_enabled(3) recommends; null: it need say nothing. */
export function watchdogIntervalMs(env: Readonly<NodeJS.ProcessEnv>, pid: number): number | null {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: whose = String(pid) } = env
  if (!/^[1-9]\d*$/.test(microseconds) || whose !== String(pid)) return null
  return Math.max(1, Math.floor(Number(microseconds) / 2_000))
}

function bySystemdNotify(assignments: readonly string[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(program, assignments, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: tellWithinMs,
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-200)
  })
  child.on('error', reject)
  child.on('close', (code, signal) => {
    if (code === 0) resolve()
    else reject(new Error(`${program} ended with ${code ?? signal} ${said}`.trim()))
  })
  return promise
}
