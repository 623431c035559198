import { join } from 'node:path'
import { Child, repository } from '../../harness/child.ts'
import type { Place } from '../../harness/place.ts'
import type { TestCluster } from '../../harness/test-cluster.ts'
import { journalEnding } from '../journal-folder.ts'
import type { ChaosProcessOptions, Order, Word } from '../processes/chaos-message.ts'

const script = join(repository, 'test', 'reliability', 'processes', 'chaos-process.ts')

/** How long an answer may take, milliseconds: a bound, no pace. */
const answerWithinMs = 90_000

export type Role = Omit<ChaosProcessOptions, 'definition' | 'host' | 'journal'> & {
  readonly node: number
}

/** An application process of a run, life after life under one name. */
export class Member {
  readonly role: Role
  readonly #cluster: TestCluster
  readonly #folder: string
  #lives = 0
  #child: Child | null = null
  #words: Word[] = []
  readonly #listeners = new Set<() => void>()
  /** Something is being done to it: nothing else is. */
  isBusy = false
  /** Lives that ended by themselves, and what they said. */
  readonly deaths: string[] = []

  constructor(role: Role, cluster: TestCluster, folder: string) {
    this.role = role
    this.#cluster = cluster
    this.#folder = folder
  }

  /** The machine that it runs on. */
  get place(): Place {
    return this.#cluster.node(this.role.node).place
  }

  /** The journal of its present life. */
  get journal(): string {
    return `${this.role.name}-${this.#lives}`
  }

  get child(): Child {
    if (!this.#child) throw new Error(`${this.role.name} was not started`)
    return this.#child
  }

  /** Starts its next life. */
  start(env: Readonly<Record<string, string>> = {}): void {
    this.#lives += 1
    this.#words = []
    const { node, ...role } = this.role
    const options: ChaosProcessOptions = {
      ...role,
      definition: this.#cluster.definition,
      host: this.#cluster.node(node).host,
      journal: join(this.#folder, `${this.journal}${journalEnding}`),
    }
    const child = new Child({
      name: this.journal,
      arguments: [script, JSON.stringify(options)],
      env,
      place: this.place,
      ipc: true,
    })
    child.process.on('message', (word: Word) => {
      if (this.#child === child) this.#heard(word)
    })
    void child.ended.then(({ code, signal }) => {
      // Whoever is killed is killed by SIGKILL; a script, and who is told to, ends with 0.
      if (signal !== 'SIGKILL' && code !== 0)
        this.deaths.push(`${child.name} ${child.state}: ${child.log}`)
      this.#tell()
    })
    this.#child = child
  }

  order(order: Order): void {
    if (!this.child.hasEnded) this.child.process.send(order, () => undefined)
  }

  /** Why it has failed by itself; null: it has not. */
  get failure(): string | null {
    const failed = this.#words.find((word) => word.type === 'failed')
    return failed ? failed.message : null
  }

  /** Waits for a word of this life. Throws when it ends or fails first, or does not come. */
  async says<Type extends Word['type']>(
    type: Type,
    withinMs = answerWithinMs,
  ): Promise<Extract<Word, { type: Type }>> {
    const timeout = AbortSignal.timeout(withinMs)
    for (;;) {
      const said = this.#words.find((word) => word.type === type)
      if (said) return said as Extract<Word, { type: Type }>
      if (this.failure !== null) throw new Error(`${this.journal}: ${this.failure}`)
      if (this.child.hasEnded) throw new Error(`${this.journal} ${this.child.state}`)
      if (timeout.aborted) throw new Error(`${this.journal} did not say ${type} in ${withinMs} ms`)
      await this.#next(timeout)
    }
  }

  #heard(word: Word): void {
    this.#words.push(word)
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #next(timeout: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done)
        timeout.removeEventListener('abort', done)
        resolve()
      }
      this.#listeners.add(done)
      timeout.addEventListener('abort', done, { once: true })
    })
  }
}
