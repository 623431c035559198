import { zeromqPortOffset } from '../../src/base/process-port.ts'
import { join } from 'node:path'
import type { QueueStats } from '../../src/queue/queue-event.ts'
import type { OpenOptions } from '../../src/queue/options.ts'
import type {
  Answer,
  ApplicationCall,
  Calls,
  Expectation,
  Load,
  Progress,
  Published,
  PublishOptions,
  Report,
  WatchOptions,
} from './application-message.ts'
import { Child, repository } from './child.ts'
import { patienceMs } from './eventually.ts'
import { here } from './place.ts'
import type { Place } from './place.ts'

const script = join(repository, 'test', 'system', 'processes', 'application.ts')

/** An error that a call met in the application process, by its code. */
export class ApplicationError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** An application process at the other end of a channel: opens the queue, publishes, subscribes. */
export class Application {
  readonly child: Child
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #id = 0
  #opened: Calls['open']['result'] | null = null

  constructor(name: string, place: Place = here) {
    this.child = new Child({ name, arguments: [script], place, ipc: true })
    this.child.process.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
  }

  async open(options: OpenOptions): Promise<void> {
    const opened = await this.call('open', options)
    this.#opened = opened
  }

  /** The ZeroMQ port, of a process that is open. */
  get zeromqPort(): number {
    return (this.#opened?.port ?? Number.NaN) + zeromqPortOffset
  }

  get incarnation(): string {
    return this.#opened?.incarnation ?? ''
  }

  /** Subscribes and resolves when the subscription is ready, unless it is not to be waited for. */
  subscribe(tables: string | readonly string[], options: WatchOptions = {}): Promise<void> {
    return this.call('subscribe', { tables: tables as string | string[], ...options })
  }

  /** Resolves when all is published and the last flush has ended. */
  publish(updates: number, options: PublishOptions = {}): Promise<{ readonly missing: number }> {
    return this.call('publish', { updates, ...options })
  }

  /** Resolves when so many updates have come, of any publishers or of the named one. */
  receives(expectation: Expectation, withinMs = patienceMs): Promise<Report> {
    return this.call('receives', expectation, withinMs)
  }

  /** Publishes in the background: slowly enough that nobody falls behind for good. */
  load(options: Load = { updatesPerTurn: 40, pauseMs: 4 }): Promise<void> {
    return this.call('load', options)
  }

  publishes(updates: number, withinMs = patienceMs): Promise<Progress> {
    return this.call('publishes', updates, withinMs)
  }

  /** Resolves when all up to there is delivered or reported lost. */
  reaches(published: Published, withinMs = patienceMs): Promise<Progress> {
    return this.call('reaches', published, withinMs)
  }

  /** Ends the sleep of a subscription that is `asleep`. */
  wake(): Promise<Progress> {
    return this.call('wake', null)
  }

  progress(): Promise<Progress> {
    return this.call('progress', null)
  }

  stop(): Promise<Published> {
    return this.call('stop', null)
  }

  published(): Promise<Published> {
    return this.call('published', null)
  }

  report(): Promise<Report> {
    return this.call('report', null)
  }

  stats(): Promise<QueueStats> {
    return this.call('stats', null)
  }

  close(): Promise<void> {
    return this.call('close', null)
  }

  async call<Name extends keyof Calls>(
    name: Name,
    argument: Calls[Name]['argument'],
    withinMs = patienceMs,
  ): Promise<Calls[Name]['result']> {
    this.#id += 1
    const id = this.#id
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    const message = { id, name, argument } as ApplicationCall
    this.child.process.send(message)
    const timeout = AbortSignal.timeout(withinMs)
    const late = new Promise<'late'>((resolve) =>
      timeout.addEventListener('abort', () => resolve('late'), { once: true }),
    )
    const ended = this.child.ended.then(() => 'ended' as const)
    const answer = await Promise.race([answered, late, ended])
    if (answer === 'late') throw new Error(await this.#lateness(name, withinMs))
    if (answer === 'ended') throw new Error(`${this.child.name} ended during ${name}`)
    if (answer.error) throw new ApplicationError(answer.error.code, answer.error.message)
    return answer.result as Calls[Name]['result']
  }

  async #lateness(name: keyof Calls, withinMs: number): Promise<string> {
    const what = `${this.child.name} did not answer ${name} within ${withinMs} ms`
    if (name === 'report' || name === 'stats') return what
    const report = await this.call('report', null, 5_000).catch(() => null)
    return `${what}; ${JSON.stringify(report, null, 1)}`
  }
}
