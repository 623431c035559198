import { Broken, expectUnpolluted, expectUnpollutedThoroughly } from './oracle.ts'
import type { Input, Target } from './target.ts'

/**
 * CPU that any input may take, milliseconds, and beyond it for each byte: reading takes a time that grows
 * with the length. The largest inputs take a third to a half of it; a machine that is slower just now is allowed more.
 */
const budgetMs = 50
const budgetMsPerByte = 0.000_5

/** As many objects as the largest input becomes, with as many fields as a record may have. */
const referenceObjects = 3_755
const referenceNames = Array.from({ length: 512 }, (_, n) => `F${n}`)

/** CPU that making them takes where the budgets were set, milliseconds. */
const referenceMs = 110

function makeReference(): void {
  const objects: object[] = []
  for (let n = 0; n < referenceObjects; n++) {
    const object: Record<string, boolean> = {}
    for (const name of referenceNames) object[name] = false
    objects.push(object)
  }
}

/**
 * Pairs of a measurement and the reference that an input is judged by. A machine whose other work comes and goes is
 * slow for one measurement and not for the next: only an input that is too slow beside every reference is.
 */
const pairs = 5

/** Memory that an input may take while it is read, bytes. */
const budgetBytes = 2 * 1024 * 1024
/**
 * For each byte of its own, with the garbage of making it: two bits become a field of a record, which
 * closures put together one by one.
 */
const budgetBytesPerByte = 768

const lengthOf = (input: Input) => input.reduce((sum, { length }) => sum + length, 0)

/** What an input shows of a target that it should not. */
export interface Finding {
  readonly target: string
  readonly kind: 'exception' | 'broken promise' | 'time' | 'memory'
  readonly what: string
  /** The place in the code, so that one fault found a thousand times is one finding. */
  readonly place: string
  readonly input: Input
}

function failure(target: Target, input: Input, error: unknown): Finding {
  const { message = String(error), stack = '' } = error as Partial<Error>
  const what = message.split('\n').slice(0, 3).join(' ').slice(0, 300)
  const frames = stack.split('\n').filter((line) => /\((?:file:\/\/)?\/.*\.ts:\d+/.test(line))
  const place = (frames[0] ?? '').replace(/^.*\/((?:src|test)\/.*)$/, '$1').replace(/:\d+\)$/, '')
  const kind = error instanceof Broken ? 'broken promise' : 'exception'
  return { target: target.name, kind, what, place, input }
}

/** The clock runs on while others have the processor: what counts is CPU. Milliseconds. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** The least CPU of an input that took more than it may beside every reference, milliseconds; else undefined. */
function tooSlow(target: Target, input: Input, most: number): number | undefined {
  let least = Infinity
  for (let pair = 0; pair < pairs; pair += 1) {
    const ms = cpuMs(() => target.run(input))
    if (ms <= most || ms <= (most * cpuMs(makeReference)) / referenceMs) return undefined
    least = Math.min(least, ms)
  }
  return least
}

/** What came out, or what is wrong with it. */
export function judge(target: Target, input: Input): string | Finding {
  const began = performance.now()
  try {
    const outcome = target.run(input)
    expectUnpolluted()
    const most = budgetMs + lengthOf(input) * budgetMsPerByte
    if (performance.now() - began <= most) return outcome
    const ms = tooSlow(target, input, most)
    if (ms === undefined) return outcome
    const what = `${ms.toFixed(0)} ms of CPU for ${lengthOf(input)} bytes`
    return { target: target.name, kind: 'time', what, place: '', input }
  } catch (error) {
    return failure(target, input, error)
  }
}

const taken = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** As judge(), and looks at the memory that it takes; for the few inputs that promise much. */
export function judgeBomb(target: Target, input: Input): string | Finding {
  // A run of its own: judge() may repeat it to measure the time.
  const before = taken()
  try {
    target.run(input)
  } catch (error) {
    return failure(target, input, error)
  }
  const bytes = taken() - before
  const outcome = judge(target, input)
  expectUnpollutedThoroughly()
  if (bytes <= budgetBytes + lengthOf(input) * budgetBytesPerByte) return outcome
  const what = `${(bytes / 1e6).toFixed(1)} MB for ${lengthOf(input)} bytes`
  return { target: target.name, kind: 'memory', what, place: '', input }
}

export const isFinding = (outcome: string | Finding): outcome is Finding =>
  typeof outcome !== 'string'

/** Two findings of one fault. */
export const keyOf = ({ target, kind, place, what }: Finding): string =>
  `${target} ${kind} ${place === '' ? what.replaceAll(/\d+/g, '#') : place}`
