import { once } from 'node:events'
import { join } from 'node:path'
import { Child } from '../../test/harness/child.ts'
import type { TestCluster } from '../../test/harness/test-cluster.ts'
import type { Answer, Call, Calls } from './peer-message.ts'

const script = join(import.meta.dirname, 'peer-process.ts')

/** Options of this Node that the processes are to have too: `--cpu-prof` and what belongs to it. */
const profiling = process.execArgv.filter((option) => option.startsWith('--cpu-prof'))

/** A process of the benchmark, seen from the parent. */
export class Peer {
  readonly #child: Child
  readonly #started: Promise<unknown>
  readonly #name: string

  constructor(name: string) {
    this.#name = name
    this.#child = new Child({ name, arguments: [...profiling, script], ipc: true })
    this.#started = this.#message()
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Resolves when it has loaded the library. */
  async started(): Promise<void> {
    await this.#started
  }

  /** One call at a time. */
  async call<Name extends keyof Calls>(
    name: Name,
    argument: Calls[Name]['argument'],
  ): Promise<Calls[Name]['result']> {
    await this.#started
    const answered = this.#message()
    const call: Call = { name, argument }
    this.#child.process.send(call)
    const answer = (await answered) as Answer
    if ('error' in answer) throw new Error(`${this.#name}: ${name}: ${answer.error}`)
    return answer.result as Calls[Name]['result']
  }

  async open(cluster: TestCluster, publishes: readonly string[]): Promise<Calls['open']['result']> {
    const { definition } = cluster
    const { host } = cluster.node()
    return this.call('open', { process: this.#name, definition, host, publishes })
  }

  async close(): Promise<void> {
    await this.call('close', null)
    await this.#child.ended
  }

  async #message(): Promise<unknown> {
    const ended = this.#child.ended.then(() => {
      throw new Error(`${this.#name} ${this.#child.state}:\n${this.#child.log}`)
    })
    const [message] = (await Promise.race([once(this.#child.process, 'message'), ended])) as [
      unknown,
    ]
    return message
  }
}
