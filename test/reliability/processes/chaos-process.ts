/** A process of a chaos run: publishes, subscribes, and writes its own journal of both. */
import { appendFileSync } from 'node:fs'
import module from 'node:module'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UpdateQueue } from '../../../src/index.ts'
import { openUpdateQueue } from '../../../src/index.ts'
import { tables } from '../commit-plan.ts'
import { machineTime } from '../journal-line.ts'
import { JournalWriter } from '../journal-writer.ts'
import type { Tables } from '../record.ts'
import { newCommit } from '../record.ts'
import { Recorder } from '../recorder.ts'
import type { ChaosProcessOptions, Order, Word } from './chaos-message.ts'

/** Between two turns of the load, milliseconds. */
const turnMs = 5

/** Commits of one turn at most: what was due while the process stood still comes in a few turns. */
const maxCommitsPerTurn = 200

/** What was received is written down so often, milliseconds. */
const writeEveryMs = 20

/** Everything that a run of hours publishes is retained: whatever is lost of a live publisher is lost falsely. */
const retention = { bytes: 2 ** 31, ageMs: 2 ** 31 }

const options = JSON.parse(process.argv[2] ?? '{}') as ChaosProcessOptions
const journal = new JournalWriter(options.journal)
let commits = 0
let isLoading = options.commitsPerSecond > 0
let recorder: Recorder | null = null

const say = (word: Word) => process.send?.(word)

/** Evidence for people; the verdict does not read it. */
function keep(event: unknown): void {
  const text = JSON.stringify(event, (_, value: unknown) =>
    value instanceof Error ? value.message : value,
  )
  appendFileSync(`${options.journal}.events`, `${machineTime()} ${text}\n`)
}

function publish(queue: UpdateQueue<Tables>, count: number): void {
  if (count < 1) return
  const { incarnation } = queue.identity
  journal.write(`plan ${machineTime()} ${commits + count}`)
  for (let left = count; left > 0; left--) {
    commits += 1
    queue.publish(newCommit(options.name, incarnation, commits))
  }
  journal.write(`done ${machineTime()} ${commits}`)
}

function load(queue: UpdateQueue<Tables>): void {
  let due = 0
  let last = performance.now()
  const timer = setInterval(() => {
    if (!isLoading) return clearInterval(timer)
    const now = performance.now()
    due += ((now - last) * options.commitsPerSecond) / 1000
    last = now
    const count = Math.min(Math.floor(due), maxCommitsPerTurn)
    due -= count
    publish(queue, count)
  }, turnMs)
}

async function subscribe(queue: UpdateQueue<Tables>, wants: readonly string[] | '*') {
  const taking = new Recorder(journal, wants)
  recorder = taking
  const wanted = wants as '*' | (keyof Tables)[]
  const subscription = queue.subscribe(wanted, { onDelivery: (delivery) => taking.take(delivery) })
  setInterval(() => taking.flush(), writeEveryMs)
  await subscription.ready
  // What came before it is written before it.
  taking.flush()
  journal.write(`ready ${machineTime()}`)
  say({ type: 'ready' })
}

async function obey(queue: UpdateQueue<Tables>, order: Order): Promise<void> {
  if (order.type === 'burst') {
    for (let left = order.commits; left > 0; left -= maxCommitsPerTurn) {
      publish(queue, Math.min(left, maxCommitsPerTurn))
      await nextTurn()
    }
  } else if (order.type === 'stop') {
    isLoading = false
    say({ type: 'stopped' })
  } else if (order.type === 'flush') {
    const { missing } = await queue.flush()
    say({ type: 'flushed', missing: missing.map(({ process }) => process) })
  } else await close(queue)
}

async function close(queue: UpdateQueue<Tables>): Promise<void> {
  isLoading = false
  await queue.close()
  recorder?.flush()
  journal.write(`end ${machineTime()}`)
  process.exit(0)
}

async function follow(queue: UpdateQueue<Tables>): Promise<void> {
  for await (const event of queue.status()) keep(event)
}

async function run(): Promise<void> {
  const { name, definition, host, isScript, declares, wants } = options
  const publishes = declares ? tables : []
  const who = isScript ? { script: name } : { process: name }
  const patience = { clusterTimeoutMs: 60_000, drainMs: isScript ? 5_000 : 60_000 }
  const where = { definition, host, publishes, retention }
  const queue = await openUpdateQueue<Tables>({ ...who, ...where, ...patience })
  const { node, instance, incarnation } = queue.identity
  journal.write(`open ${machineTime()} ${node} ${name} ${instance || '-'} ${incarnation}`)
  void follow(queue)
  process.on('message', (order: Order) => void obey(queue, order).catch(fail))
  say({ type: 'open' })
  if (isScript) {
    publish(queue, options.commits)
    return close(queue)
  }
  load(queue)
  if (wants) await subscribe(queue, wants)
}

function fail(error: unknown): void {
  keep({ type: 'failed', error })
  say({ type: 'failed', message: (error as Error).stack ?? String(error) })
  process.exitCode = 1
  process.disconnect?.()
}

// The run has ended without saying so.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
// Otherwise written when the process ends, and most of these end by SIGKILL.
module.flushCompileCache()
await run().catch(fail)
