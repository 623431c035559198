import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../../harness/child.ts'
import { eventually } from '../../harness/eventually.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { command, TestCluster } from '../../harness/test-cluster.ts'
import { atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, noVerdict, type Verdict } from './judge.ts'
import { openQueue, startParticipant } from './participant.ts'
import { publishedBy, settled } from './settled.ts'

/** A start that takes longer hangs, milliseconds. */
const endsWithinMs = 30_000

/** File descriptors: too few for anything, for GENESIS_CLUSTER, and the number that is asked for. */
const descriptorLimits = [28, 32, 40, 48, 64]

/** Heap of a process under memory limit, MiB: less than what it is going to publish or be given. */
const heapMiB = 32
const heapUpdates = 300_000

/** What became of one start under a limit. */
interface Outcome {
  readonly what: string
  /** A code of ours, or how it went on. */
  readonly result: string
  readonly isRight: boolean
}

class Limits {
  readonly outcomes: Outcome[] = []
  readonly verdicts: Verdict[] = []
  readonly healMs: number[] = []
  hangs = 0
  readonly #cluster: TestCluster
  readonly #spare: TestCluster

  private constructor(cluster: TestCluster, spare: TestCluster) {
    this.#cluster = cluster
    this.#spare = spare
  }

  static async start(): Promise<Limits> {
    return new Limits(await TestCluster.start('mesh', 1), await TestCluster.reserve('mesh', 1))
  }

  async descriptors(limit: number): Promise<void> {
    const shell = ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, command]
    await this.#outcome(`GENESIS_CLUSTER, ${limit} descriptors`, [
      '/bin/sh',
      ...shell,
      ...this.#clusterWords(),
    ])
    const words = ['publish', 'TRADE', '{"A":1}', ...this.#place(this.#cluster)]
    await this.#outcome(`script, ${limit} descriptors`, ['/bin/sh', ...shell, ...words])
  }

  async threads(): Promise<void> {
    const program = [process.execPath, command, ...this.#clusterWords()]
    await this.#outcome('GENESIS_CLUSTER, 4 threads', program, { UV_THREADPOOL_SIZE: '4' })
    const words = ['publish', 'TRADE', '{"A":1}', ...this.#place(this.#cluster)]
    for (const size of ['1', '4'])
      await this.#outcome(`script, ${size} threads`, [process.execPath, command, ...words], {
        UV_THREADPOOL_SIZE: size,
      })
  }

  /** The roster cannot be kept: GENESIS_CLUSTER says so and goes on. */
  async disk(): Promise<void> {
    const folder = join(scratchDirectory(), 'full')
    mkdirSync(folder)
    const what = 'GENESIS_CLUSTER, full disk'
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tidings-full', folder], {
        stdio: 'pipe',
      })
    } catch (error) {
      const [reason = ''] = (error as Error).message.split('\n')
      this.outcomes.push({ what, result: `not run: ${reason}`, isRight: true })
      return
    }
    try {
      writeFileSync(join(folder, 'filler'), Buffer.alloc(4096))
      const program = [process.execPath, command, ...this.#clusterWords()]
      await this.#outcome(what, program, { TIDINGS_STATE: folder, UV_THREADPOOL_SIZE: '64' })
    } finally {
      execFileSync('umount', ['-l', folder])
    }
  }

  /** More passes through both sides than their heaps hold. */
  async memory(updates: number): Promise<void> {
    const node = [`--max-old-space-size=${heapMiB}`]
    const publisher = { participant: startParticipant('SMALL_PUB', { node }), key: 'SMALL_PUB' }
    const subscriber = { participant: startParticipant('SMALL_SUB', { node }), key: 'SMALL_SUB' }
    const tables = ['TRADE']
    for (const { participant, key } of [publisher, subscriber])
      await openQueue(participant, this.#cluster, key, tables, { drainMs: 60_000 })
    await subscriber.participant.call('subscribe', { key: subscriber.key, tables })
    await publisher.participant.call('publish', { key: publisher.key, updates })
    this.verdicts.push(await settled(subscriber, await publishedBy([publisher])))
    const result = `${updates.toLocaleString('en')} updates went through`
    this.outcomes.push({ what: `both sides, ${heapMiB} MiB of heap`, result, isRight: true })
  }

  async #outcome(
    what: string,
    [program = '', ...words]: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const began = performance.now()
    const state = { TIDINGS_STATE: scratchDirectory() }
    const child = new Child({
      name: what,
      program,
      arguments: words,
      env: { ...state, ...env },
      ipc: false,
    })
    const isOver = () => child.hasEnded || /\bready: /.test(child.log)
    await eventually(what, isOver, endsWithinMs).catch(() => (this.hangs += 1))
    this.healMs.push(performance.now() - began)
    const { log } = child
    const { code, signal } = child.hasEnded ? await child.ended : { code: null, signal: null }
    await child.end('SIGKILL')
    const [named] = /\[[A-Z_]{4,}\]/.exec(log) ?? []
    const runs = code === 0 || (!signal && code === null && /\bready: /.test(log))
    const how = signal ?? `exit code ${code}`
    const warned = /cannot be kept/.test(log) ? ', said that the roster cannot be kept' : ''
    const result = runs
      ? `works${warned}`
      : `${how} ${named ?? log.trim().split('\n').at(-1) ?? ''}`
    this.outcomes.push({ what, result, isRight: runs || named !== undefined })
  }

  #clusterWords(): string[] {
    return ['cluster', ...this.#place(this.#spare)]
  }

  #place({ definition, nodes }: TestCluster): string[] {
    return ['--definition', definition, '--host', nodes[0]?.host ?? '']
  }
}

export const limits: FaultRow = {
  id: 'F16',
  fault: 'few file descriptors, a full disk, a pool of 4 threads, little memory',
  how: 'ulimit -n 28 to 64, a tmpfs without room as state folder, UV_THREADPOOL_SIZE=1 and 4, --max-old-space-size=32',
  async run({ scale }) {
    const run = await Limits.start()
    for (const limit of descriptorLimits) await run.descriptors(limit)
    await run.threads()
    await run.disk()
    await run.memory(Math.max(20_000, Math.round(heapUpdates * scale)))
    const wrong = run.outcomes.filter(({ isRight }) => !isRight)
    return {
      injected: run.outcomes.length,
      verdict: addVerdicts(noVerdict(), ...run.verdicts),
      healMs: run.healMs,
      demands: [
        atMost('starts that hang', 'starts', run.hangs, 0),
        atMost('ended without a code of ours', 'starts', wrong.length, 0),
      ],
      notes: run.outcomes.map(({ what, result }) => `${what}: ${result}`),
    }
  },
}
