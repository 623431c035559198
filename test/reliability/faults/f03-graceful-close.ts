import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../../harness/eventually.ts'
import { TestCluster } from '../../harness/test-cluster.ts'
import { atLeast, atMost, type FaultRow } from './fault-row.ts'
import { addVerdicts, judge, violations, type Verdict } from './judge.ts'
import { monotonicMs } from './order.ts'
import { openQueue, startParticipant, type Participant } from './participant.ts'
import type { Closed, CloserCalls } from './processes/closer.ts'
import { Remote } from './remote.ts'

/** Closes at scale 1. */
const closesWanted = 1_000

/** Publishers that close at one time, all in one process, each with a subscription of its own. */
const sideBySide = 10

const drainMs = 2_000

/** Of `drainMs`, what repair may take: a replay that was lost is asked for again after 600 ms. */
const repairMs = 1_000

/** What the subscription takes before its handler has to go on. */
const limit = { updates: 64 }

const updates = 600
const waitedMs = 50_000

/**
 * How a round's subscribers fail to take what comes: their handlers wait, or their whole process
 * stands still so that connections fill too; and whether that ends within `drainMs`.
 */
interface Kind {
  readonly how: 'handler' | 'process'
  readonly within: boolean
}

const kinds: readonly Kind[] = [
  { how: 'handler', within: true },
  { how: 'process', within: true },
  { how: 'handler', within: false },
  { how: 'process', within: false },
]

class Closes {
  readonly verdicts: Verdict[] = []
  readonly healMs: number[] = []
  closes = 0
  /** Closes whose handlers went on in time, with the time that repair takes to spare. */
  inTime = 0
  /** Of these, those that lost something all the same. */
  lostInTime = 0
  openLosses = 0
  readonly #cluster: TestCluster
  readonly #closer = new Remote<CloserCalls>('CLOSER', 'closer.ts')
  readonly #subscriber: Participant = startParticipant('READER')
  readonly #keys = Array.from({ length: sideBySide }, (_, index) => `READER_${index}`)

  constructor(cluster: TestCluster) {
    this.#cluster = cluster
  }

  async open(): Promise<void> {
    for (const key of this.#keys) await openQueue(this.#subscriber, this.#cluster, key)
  }

  async round({ how, within }: Kind): Promise<void> {
    await Promise.all(this.#keys.map((key, slot) => this.#watch(key, slot)))
    const closing = Promise.all(this.#keys.map((_, slot) => this.#close(slot)))
    // The subscribers have begun and sit at their limit, or came too late on a busy machine and were told.
    const begun = async () => {
      const each = await Promise.all(
        this.#keys.map((key) => this.#subscriber.call('progress', { key })),
      )
      return each.every(({ deliveries, losses }) => deliveries > 0 || losses > 0)
    }
    await eventually('every subscriber has begun', begun, waitedMs)
    if (how === 'process') this.#subscriber.child.signal('SIGSTOP')
    if (within) await pause((drainMs - repairMs) * Math.random())
    else await closing
    this.#subscriber.child.signal('SIGCONT')
    await Promise.all(this.#keys.map((key) => this.#subscriber.call('release', { key })))
    const resumed = monotonicMs()
    const closed = await closing
    await Promise.all(closed.map((one, slot) => this.#judge(one, slot, resumed)))
    this.healMs.push(monotonicMs() - resumed)
  }

  async #watch(key: string, slot: number): Promise<void> {
    await this.#subscriber.call('unsubscribe', { key })
    const tables = [`TABLE_${slot}`]
    await this.#subscriber.call('subscribe', { key, tables, limit, held: true })
  }

  #close(slot: number): Promise<Closed> {
    const { definition } = this.#cluster
    const { host } = this.#cluster.node()
    const process = `CLOSER_${slot}`
    const options = { process, definition, host, drainMs }
    return this.#closer.call('close', { options, table: `TABLE_${slot}`, updates, perTurn: 1 })
  }

  async #judge(closed: Closed, slot: number, resumed: number): Promise<void> {
    const key = this.#keys[slot] as string
    const judged = async () => judge([closed], await this.#subscriber.call('recorded', { key }))
    const isWhole = async () => (await judged()).silent === 0
    await eventually(`${key} has all or knows`, isWhole, waitedMs).catch(() => undefined)
    const verdict = await judged()
    const { losses } = await this.#subscriber.call('recorded', { key })
    this.openLosses += losses.filter(({ to }) => to === null).length
    const inTime = resumed < closed.beganAt + drainMs - repairMs
    if (inTime) this.inTime += 1
    if (inTime && verdict.reported > 0) this.lostInTime += 1
    this.verdicts.push(verdict)
    this.closes += 1
  }
}

export const gracefulClose: FaultRow = {
  id: 'F3',
  fault: 'publisher closes gracefully while a subscriber sits at its high-water mark',
  how: `10 processes (in one OS process) close after ${updates} messages each; handlers wait, or the subscriber is stopped, until within drainMs or after the close`,
  async run({ scale }) {
    const rounds = Math.max(kinds.length, Math.round((closesWanted * scale) / sideBySide))
    const closes = new Closes(await TestCluster.start('mesh', 1))
    await closes.open()
    for (let round = 0; round < rounds; round += 1)
      await closes.round(kinds[round % kinds.length] as Kind)
    const verdict = addVerdicts(...closes.verdicts)
    const wrong = closes.verdicts.filter((each) => violations(each) > 0).length
    return {
      injected: closes.closes,
      verdict,
      healMs: closes.healMs,
      demands: [
        atMost(
          'closes with losses though the handler went on in time',
          'closes',
          closes.lostInTime,
          0,
        ),
        atMost('losses without an end', 'losses', closes.openLosses, 0),
        atMost('closes with anything wrong', 'closes', wrong, 0),
        atLeast('closes', 'closes', closes.closes, rounds * sideBySide),
      ],
      notes: [
        `${rounds} rounds of ${sideBySide}: ${closes.inTime} handlers went on ${repairMs} ms or more before the end of drainMs (${drainMs} ms)`,
      ],
    }
  },
}
