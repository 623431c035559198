import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'

/**
 * Which blocks of the product's code have run, by V8's precise coverage. Start it before the code is
 * loaded: what is compiled already counts nothing.
 */
export class Coverage {
  readonly #session = new Session()
  readonly #seen = new Set<string>()

  constructor() {
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** Blocks seen so far. */
  get blocks(): number {
    return this.#seen.size
  }

  /** The blocks that have run since the last look and never before. */
  takeNew(): ReadonlySet<string> {
    const found = new Set<string>()
    for (const block of this.#take()) {
      if (this.#seen.has(block)) continue
      this.#seen.add(block)
      found.add(block)
    }
    return found
  }

  /** Whether any of these blocks has run since the last look. */
  hasRun(blocks: ReadonlySet<string>): boolean {
    for (const block of this.#take()) if (blocks.has(block)) return true
    return false
  }

  *#take(): Generator<string> {
    const { result } = this.#post('Profiler.takePreciseCoverage')
    for (const { url, functions } of result) {
      if (!url.includes('/src/')) continue
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count > 0) yield `${url}:${startOffset}:${endOffset}`
        }
      }
    }
  }

  stop(): void {
    this.#post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }

  #post(method: string, parameters: object = {}): Profiler.TakePreciseCoverageReturnType {
    let answer: Profiler.TakePreciseCoverageReturnType = { result: [] }
    let failure: Error | null = null
    // The session is of this thread: it answers before post() returns.
    this.#session.post(method, parameters, (error, result) => {
      failure = error
      answer = result as Profiler.TakePreciseCoverageReturnType
    })
    if (failure !== null) throw failure as Error
    return answer
  }
}
