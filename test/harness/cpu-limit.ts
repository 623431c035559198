import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanUp } from './clean-up.ts'

/** Of both versions of cgroups; the first has a hierarchy for each kind of limit. */
const [first, second] = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup']

/** Length of the periods in which the share is given out, microseconds: the default of the kernel. */
const periodUs = 100_000

let count = 0

/** So much of one processor for all processes that are put into it, together. Needs root. */
export class CpuLimit {
  readonly #folder: string
  readonly #isFirst: boolean

  /** `share`: 0.1 is 10 ms of each 100. Throws where the system has no such limit, or does not give it. */
  constructor(share: number) {
    this.#isFirst = existsSync(join(first, 'cpu.cfs_quota_us'))
    count += 1
    this.#folder = join(this.#isFirst ? first : second, `tidings-${process.pid}-${count}`)
    mkdirSync(this.#folder)
    cleanUp(() => this.remove())
    const quotaUs = Math.round(share * periodUs)
    if (this.#isFirst) {
      this.#write('cpu.cfs_period_us', `${periodUs}`)
      this.#write('cpu.cfs_quota_us', `${quotaUs}`)
    } else this.#write('cpu.max', `${quotaUs} ${periodUs}`)
  }

  /** Also the threads that it has. */
  take(pid: number): void {
    this.#write('cgroup.procs', `${pid}`)
  }

  /** In so many periods somebody had to wait for the next one. */
  get heldUp(): number {
    const text = readFileSync(join(this.#folder, 'cpu.stat'), 'utf8')
    return Number(/nr_throttled (\d+)/.exec(text)?.[1] ?? 0)
  }

  /** Its processes have all that there is again. */
  lift(): void {
    if (this.#isFirst) this.#write('cpu.cfs_quota_us', '-1')
    else this.#write('cpu.max', `max ${periodUs}`)
  }

  /** When its processes have ended. */
  remove(): void {
    if (existsSync(this.#folder)) rmdirSync(this.#folder)
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text)
  }
}

/** Whether the system gives such a limit. */
export function hasCpuLimit(): boolean {
  try {
    new CpuLimit(0.5).remove()
    return true
  } catch {
    return false
  }
}
