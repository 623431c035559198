import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { Report, ReportOf } from './reports.ts'

/** How long a process may take to end when it is told to, milliseconds; then it is killed. */
const stopWithinMs = 4_000

export interface StartOptions {
  /** As people are told of it. */
  readonly name: string
  readonly host: string
  readonly module: URL
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** The file that its stderr goes to: unlike a pipe it outlives this process. */
  readonly log: string
  /** It ends when its work is done; without this any end is a failure. */
  readonly mayEnd: boolean
  onReport(report: Report): void
  /** It ended and should not have. */
  onFailed(error: TidingsError): void
}

interface AwaitedReport {
  readonly fits: (report: Report) => boolean
  readonly resolve: (report: Report) => void
}

/** A child process of the demonstration: what it reports, how it ends, and how it is ended. */
export class StartedProcess {
  readonly #options: StartOptions
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  /** The latest report of each type. */
  readonly #latest = new Map<string, Report>()
  readonly #waiting = new Set<AwaitedReport>()
  #isStopping = false

  constructor(options: StartOptions) {
    this.#options = options
    const log = openSync(options.log, 'a')
    this.#child = fork(options.module, options.args, {
      env: options.env,
      // SQLite is experimental to some of the versions of Node that run this.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', log, 'ipc'],
    })
    closeSync(log)
    this.#child.on('message', (report) => this.#take(report as Report))
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#fail(error.message))
      this.#child.once('close', (code, signal) => {
        this.#ended(code, signal)
        resolve()
      })
    })
  }

  /** The latest report of a type, or the next, that fits; never, when the process fails before. */
  report<Type extends Report['type']>(
    type: Type,
    fits: (report: ReportOf<Type>) => boolean = () => true,
  ): Promise<ReportOf<Type>> {
    const isIt = (report: Report) => report.type === type && fits(report as ReportOf<Type>)
    const latest = this.#latest.get(type)
    if (latest && isIt(latest)) return Promise.resolve(latest as ReportOf<Type>)
    return new Promise((resolve) => {
      this.#waiting.add({ fits: isIt, resolve: (report) => resolve(report as ReportOf<Type>) })
    })
  }

  get name(): string {
    return this.#options.name
  }

  get host(): string {
    return this.#options.host
  }

  /** Tells it that all is done, so that it brings its work to an end. */
  finish(): void {
    this.#child.send('finish')
  }

  /** Ends it as a crash would. Resolves when it has ended. */
  async kill(): Promise<void> {
    this.#isStopping = true
    this.#child.kill('SIGKILL')
    await this.#exited
    this.#options.onReport({ type: 'state', state: 'killed' })
  }

  /** Resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#child.kill('SIGTERM')
    const timer = systemClock.after(stopWithinMs, () => this.#child.kill('SIGKILL'))
    await this.#exited
    timer.cancel()
  }

  #take(report: Report): void {
    this.#latest.set(report.type, report)
    this.#options.onReport(report)
    for (const waiting of this.#waiting) {
      if (!waiting.fits(report)) continue
      this.#waiting.delete(waiting)
      waiting.resolve(report)
    }
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    const isDone = code === 0 && this.#options.mayEnd && this.#waiting.size === 0
    if (this.#isStopping || isDone) return
    if (signal !== null) return this.#fail(`was ended by ${signal}`)
    const words = readFileSync(this.#options.log, 'utf8').trimEnd().split('\n').at(-1)
    this.#fail(`ended with exit code ${code}${words ? `, its last words: ${words}` : ''}`)
  }

  #fail(why: string): void {
    const who = `${this.name} on ${this.host}`
    this.#options.onFailed(new TidingsError('TRANSPORT_FAILED', `${who} ${why}`))
  }
}
