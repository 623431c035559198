import { join } from 'node:path'
import { Child } from '../../harness/child.ts'
import type { Place } from '../../harness/place.ts'

/** What a process of the matrix answers, by name; see `serve()`. */
export type Calls = Record<string, (argument: never) => unknown>

export interface Call {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

export interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: { readonly code: string; readonly message: string }
}

/** How long one call may take, milliseconds: a bound, no pace. */
const callWithinMs = 120_000

/** An error that a call met in the other process, by its code. */
export class RemoteError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface RemoteOptions {
  readonly arguments?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node itself. */
  readonly node?: readonly string[]
  /** Where it runs; default: this machine as it is. */
  readonly place?: Place
}

/** A process of the matrix at the other end of a channel. */
export class Remote<Served extends Calls> {
  readonly child: Child
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #id = 0

  /** `script`: its name in `processes/`. */
  constructor(name: string, script: string, options: RemoteOptions = {}) {
    const path = join(import.meta.dirname, 'processes', script)
    this.child = new Child({
      name,
      arguments: [...(options.node ?? []), path, ...(options.arguments ?? [])],
      ...(options.env && { env: options.env }),
      ...(options.place && { place: options.place }),
      ipc: true,
    })
    this.child.process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  async call<Name extends keyof Served & string>(
    name: Name,
    ...[argument, withinMs = callWithinMs]: [Parameters<Served[Name]>[0]?, number?]
  ): Promise<Awaited<ReturnType<Served[Name]>>> {
    this.#id += 1
    const id = this.#id
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    const call: Call = { id, name, argument }
    if (!this.child.hasEnded) this.child.process.send(call, () => undefined)
    const late = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => late.resolve('late'), withinMs)
    const ended = this.child.ended.then(() => 'ended' as const)
    const answer = await Promise.race([answered, late.promise, ended])
    clearTimeout(timer)
    if (answer === 'late')
      throw new Error(`${this.child.name}: no answer to ${name} in ${withinMs} ms`)
    if (answer === 'ended')
      throw new RemoteError('ENDED', `${this.child.name} ended during ${name}`)
    if (answer.error) throw new RemoteError(answer.error.code, answer.error.message)
    return answer.result as Awaited<ReturnType<Served[Name]>>
  }
}
