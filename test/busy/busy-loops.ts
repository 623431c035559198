import { type ChildProcess, spawn } from 'node:child_process'

/** Ends by itself when whoever started it is gone, however and whenever that ended. */
const loop = `while (process.ppid === ${process.pid});`

/** Processes that each keep a core busy. */
export class BusyLoops {
  readonly #children: readonly ChildProcess[]

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () =>
      spawn(process.execPath, ['-e', loop], { stdio: 'ignore' }),
    )
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]))
  }

  /** Those that it started, and nobody else. */
  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }
}
