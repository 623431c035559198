import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Shape } from '../../harness/definition-file.ts'
import { eventually } from '../../harness/eventually.ts'
import { scratchDirectory } from '../../harness/scratch.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { addMeasured, atLeast, atMost, type FaultRow, type Measured } from './fault-row.ts'
import { addVerdicts, judge, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { startQueue, type Participant } from './participant.ts'
import type { TellerCalls } from './processes/teller.ts'
import type { Recorded } from './recorder.ts'
import { Remote } from './remote.ts'
import { quantile } from './statistics.ts'
import { TellerDatabase, tellerTables } from './teller-database.ts'

/** Updates committed at scale 1. */
const updatesWanted = 1_000_000

/** A life ends at random within it, milliseconds from its start: some while it still registers. */
const longestLifeMs = 1_500

/** Lives at scale 1, and at least in any run. */
const livesWanted = 120
const leastLives = 8

/** A loss is told within 10 s of the publisher's end; five times as much is waited for. */
const toldWithinMs = 10_000
const waitedMs = 50_000

/** Kills one teller after the other; all subscribers must account for each before the next. */
class Bank {
  readonly healMs: number[] = []
  kills = 0
  readonly #cluster: TestCluster
  readonly #subscribers: readonly Participant[]
  readonly #database: TellerDatabase
  readonly #name: string

  constructor(cluster: TestCluster, subscribers: readonly Participant[], name: string) {
    this.#cluster = cluster
    this.#subscribers = subscribers
    this.#name = name
    this.#database = new TellerDatabase(join(scratchDirectory(), `${name}.sqlite`))
  }

  get database(): TellerDatabase {
    return this.#database
  }

  async run(updates: number, lives: number): Promise<void> {
    while (this.#database.updates < updates || this.kills < lives) {
      await this.#live()
      this.kills += 1
    }
  }

  async #live(): Promise<void> {
    const teller = new Remote<TellerCalls>(this.#name, 'teller.ts')
    const { definition } = this.#cluster
    const { host } = this.#cluster.node()
    const { file } = this.#database
    await teller.call('start', { name: this.#name, definition, host, database: file })
    // The instant is what is random here: nothing is waited for.
    const early = await Promise.race([teller.child.ended, pause(Math.random() * longestLifeMs)])
    if (early) throw new Error(`${this.#name} ended by itself: ${teller.child.log}`)
    await teller.child.end('SIGKILL')
    const killedAt = monotonicMs()
    this.#database.read()
    const life = this.#database.lives.at(-1)
    if (!life) return
    await Promise.all(
      this.#subscribers.map(async (subscriber) => {
        const isTold = async () => this.#accounts(await recordedOf(subscriber, life.incarnation))
        await eventually('the end of a life is told', isTold, waitedMs).catch(() => undefined)
        const { losses } = await recordedOf(subscriber, life.incarnation)
        const at = losses.map((loss) => loss.at)
        if (at.length > 0) this.healMs.push(Math.max(0, Math.max(...at) - killedAt))
      }),
    )
  }

  #accounts(recorded: Recorded): boolean {
    const life = this.#database.lives.at(-1)
    return judge(life?.streams ?? [], recorded).silent === 0
  }
}

/** Of one life only: all of them would be sent again at each look. */
async function recordedOf(subscriber: Participant, incarnation: string): Promise<Recorded> {
  return subscriber.call('recordedOf', { key: subscriber.child.name, incarnation })
}

function judged(database: TellerDatabase, recorded: Recorded): Verdict {
  const streams = database.lives.flatMap((life) => life.streams)
  const incarnations = new Set(database.lives.map(({ incarnation }) => incarnation))
  const own = recorded.streams.filter(({ incarnation }) => incarnations.has(incarnation))
  const verdict = judge(streams, { ...recorded, streams: own, torn: 0 })
  return { ...verdict, wrong: verdict.wrong + database.uncommitted(recorded) }
}

/** What is missing of the last commits: that, and nothing else, may never have been published. */
function neverPublished(database: TellerDatabase, recorded: Recorded): number {
  const highest = new Map(
    recorded.streams.map(({ incarnation, table, ranges }) => [
      `${incarnation} ${table}`,
      ranges.at(-1)?.to ?? 0,
    ]),
  )
  return database.lives.filter(({ incarnation, streams, lastCommit }) => {
    const lost = streams.reduce(
      (sum, { table, last }) => sum + last - (highest.get(`${incarnation} ${table}`) ?? 0),
      0,
    )
    return lost > 0 && lost <= lastCommit.length
  }).length
}

async function runShape(shape: Shape, updates: number, lives: number): Promise<Measured> {
  const cluster = await TestCluster.start(shape, 1)
  const subscribers = await Promise.all([
    startQueue(cluster, 'LEDGER'),
    startQueue(cluster, 'RISK'),
  ])
  await Promise.all(
    subscribers.map((each) =>
      each.call('subscribe', { key: each.child.name, tables: tellerTables, keepsNonces: true }),
    ),
  )
  const banks = ['TELLER_A', 'TELLER_B'].map((name) => new Bank(cluster, subscribers, name))
  await Promise.all(banks.map((bank) => bank.run(updates / banks.length, lives / banks.length)))
  const all = await Promise.all(
    subscribers.map((each) => each.call('recorded', { key: each.child.name })),
  )
  const verdicts = all.flatMap((recorded) =>
    banks.map(({ database }) => judged(database, recorded)),
  )
  const torn = all.reduce((sum, recorded) => sum + recorded.torn, 0)
  const verdict = { ...addVerdicts(...verdicts), torn }
  const committed = banks.reduce((sum, { database }) => sum + database.updates, 0)
  const residue = all.flatMap((recorded) =>
    banks.map(({ database }) => neverPublished(database, recorded)),
  )
  const kills = banks.reduce((sum, bank) => sum + bank.kills, 0)
  return {
    injected: kills,
    verdict,
    healMs: banks.flatMap(({ healMs }) => healMs),
    demands: [],
    notes: [
      `${shape}: ${committed.toLocaleString('en')} updates committed in ${kills} lives; in ${Math.max(...residue)} of them no more than ` +
        'the last commit is missing: it may be the one between commit and publish (in the open loss too)',
    ],
  }
}

export const publisherKilled: FaultRow = {
  id: 'F2',
  fault: 'publisher SIGKILL at random instants, the database as the truth',
  how: 'SIGKILL of 2 tellers (SQLite: commit, then publish; 1 transaction in 17 rolled back), mesh and proxy, 2 subscribers',
  async run({ scale }) {
    const updates = updatesWanted * scale
    const parts: Measured[] = []
    const lives = Math.max(leastLives, livesWanted * scale)
    for (const shape of ['mesh', 'proxy'] as const)
      parts.push(await runShape(shape, updates / 2, lives / 2))
    const { healMs, ...measured } = addMeasured(...parts)
    const p99 = quantile(healMs, 0.99)
    const committed = measured.verdict.deliveries + measured.verdict.reported
    return {
      ...measured,
      healMs,
      demands: [
        atMost('end of a life told, p99', 'ms', p99, toldWithinMs, 5),
        atLeast('updates accounted for, 2 subscribers', 'updates', committed, updates * 2),
      ],
    }
  },
}
