/** The longest stretch in which the event loop did nothing else, milliseconds. */
export interface LoopBlock {
  readonly ms: number
  /** CPU time of the thread in it: where it is much less, others had the CPU. */
  readonly cpuMs: number
}

const intervalMs = 1

/** Watches the event loop: a timer that asks for every millisecond comes late by what blocks it. */
export class LoopBlocks {
  readonly #timer: NodeJS.Timeout
  #at = performance.now()
  #cpu = threadCpuMs()
  #longest: LoopBlock = { ms: 0, cpuMs: 0 }

  constructor() {
    this.#timer = setInterval(() => this.#look(), intervalMs)
    this.#timer.unref()
  }

  stop(): LoopBlock {
    clearInterval(this.#timer)
    return this.#longest
  }

  #look(): void {
    const at = performance.now()
    const cpu = threadCpuMs()
    if (at - this.#at > this.#longest.ms)
      this.#longest = { ms: at - this.#at, cpuMs: cpu - this.#cpu }
    this.#at = at
    this.#cpu = cpu
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
