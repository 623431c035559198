import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What the processes of a benchmark tell their parent. */
export type Report =
  | { readonly type: 'ready' }
  /** When the last update was sent or received: nanoseconds of the machine's monotonic clock. */
  | {
      readonly type: 'done'
      readonly startedAt: string
      readonly endedAt: string
      readonly cpuMs: number
    }

/** Starts a process of a benchmark and keeps what it reports. Ended with the parent. */
export class Child {
  readonly process: ChildProcess
  readonly #reports: Report[] = []
  readonly #waiting: (() => void)[] = []

  constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.process = fork(new URL(file, import.meta.url), args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.process.on('message', (report) => {
      this.#reports.push(report as Report)
      for (const wake of this.#waiting.splice(0)) wake()
    })
    this.process.on('exit', () => {
      for (const wake of this.#waiting.splice(0)) wake()
    })
    process.on('exit', () => this.process.kill('SIGKILL'))
  }

  async report<Type extends Report['type']>(type: Type): Promise<Extract<Report, { type: Type }>> {
    for (;;) {
      const found = this.#reports.find((each) => each.type === type)
      if (found) return found as Extract<Report, { type: Type }>
      if (this.process.exitCode !== null)
        throw new Error(`a process of the benchmark ended with ${this.process.exitCode}`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  tell(word: string): void {
    this.process.send(word)
  }

  /** Waits until it has ended by itself, as it was told to. */
  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      await once(this.process, 'exit')
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = once(this.process, 'exit')
    this.process.kill(signal)
    await ended
  }
}

export function told(word: string): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', function heard(message) {
      if (message !== word) return
      process.off('message', heard)
      resolve()
    })
  })
}

export function tellParent(report: Report): void {
  process.send?.(report)
}

/** User and system time of this process so far, milliseconds. */
export const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
