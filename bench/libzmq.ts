import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../test/harness/eventually.ts'
import { Child } from '../test/harness/child.ts'
import { freePorts } from '../test/harness/loopback.ts'
import { programPath } from '../test/harness/program-path.ts'
import { scratchDirectory } from '../test/harness/scratch.ts'
import type { Contender } from './contender.ts'
import type { Requirement, Shape } from './peers/peer.ts'
import type { Outcome } from './run.ts'
import { mostMiB, totalCpuSeconds } from './usage.ts'

/** What an update takes as bytes: about 15 fields as JSON. */
const bytesPerUpdate = 256
const header = '/usr/include/zmq.h'
/** A run that takes longer has stood still. */
const withinMs = 120_000

function requirement(): Requirement {
  const hasHeader = existsSync(header)
  const missing = [
    ...(programPath('gcc') === null ? ['gcc'] : []),
    ...(hasHeader ? [] : ['libzmq3-dev']),
  ]
  if (!hasHeader) return { versions: [], missing }
  const text = readFileSync(header, 'utf8')
  const version = ['MAJOR', 'MINOR', 'PATCH'].map(
    (part) => new RegExp(`ZMQ_VERSION_${part} (\\d+)`).exec(text)?.[1] ?? '?',
  )
  return { versions: [`libzmq ${version.join('.')} (C)`], missing }
}

function compile(): string {
  const program = join(scratchDirectory(), 'pubsub')
  const source = join(import.meta.dirname, 'c', 'pubsub.c')
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source, '-lzmq'])
  return program
}

const start = (program: string, words: readonly (string | number)[]): Child =>
  new Child({
    name: `pubsub ${words.join(' ')}`,
    program,
    arguments: words.map(String),
    ipc: false,
    keepsOutput: true,
  })

const say = (children: readonly Child[], pattern: RegExp) =>
  Promise.all(
    children.map(async (child) => {
      let found: RegExpExecArray | null = null
      await eventually(
        () => `${child.name} says ${pattern}: ${child.output}${child.log}`,
        () => {
          if (child.hasEnded) throw new Error(`${child.name} ended: ${child.log}`)
          found = pattern.exec(child.output)
          return found !== null
        },
        withinMs,
      )
      return found as unknown as RegExpExecArray
    }),
  )

async function measure(
  publishers: readonly Child[],
  subscribers: readonly Child[],
  updates: number,
  bytesExpected: number,
): Promise<Outcome> {
  await say(subscribers, /^ready$/m)
  await say(publishers, /^connected$/m)
  const pids = [...publishers, ...subscribers].map(({ pid }) => pid)
  const cpuBefore = totalCpuSeconds(pids)
  for (const child of publishers) child.process.stdin?.write('go\n')
  const received = await say(subscribers, /^received (\d+) (\d+)$/m)
  const sent = await say(publishers, /^sent (\d+)$/m)
  const cpu = totalCpuSeconds(pids) - cpuBefore
  if (received.some(([, , bytes]) => Number(bytes) !== bytesExpected))
    throw new Error('not all bytes arrived')
  // Numbers would do: 2 ** 53 ns are 104 days, but a machine may be up for longer.
  const startedAt = sent.map(([, at]) => BigInt(at ?? 0)).reduce((a, b) => (a < b ? a : b))
  const endedAt = received.map(([, at]) => BigInt(at ?? 0)).reduce((a, b) => (a > b ? a : b))
  const all = updates * publishers.length
  const most = (children: readonly Child[]) => mostMiB(children.map(({ pid }) => pid))
  return {
    updates,
    perSecond: all / (Number(endedAt - startedAt) / 1e9),
    cpuSecondsPerMillion: (cpu / (all * subscribers.length)) * 1e6,
    memory: { publisher: most(publishers), subscriber: most(subscribers), server: null },
    lost: 0,
    latency: null,
  }
}

function libzmq(name: string, title: string, perMessage: number, rate: number): Contender {
  return {
    name,
    title,
    rate,
    isBytesOnly: true,
    readsOneField: false,
    requirement,
    run: async ({ publishers, subscribers }: Shape, _rows, work) => {
      const program = compile()
      const messages = Math.ceil(work.updates / perMessage)
      const bytes = bytesPerUpdate * perMessage
      const ports = await freePorts('127.0.0.1', publishers)
      const publishing = ports.map((port) =>
        start(program, ['pub', messages, bytes, subscribers, port]),
      )
      const all = [...publishing]
      try {
        await say(publishing, /^ready$/m)
        const subscribing = Array.from({ length: subscribers }, () =>
          start(program, ['sub', messages, ...ports]),
        )
        all.push(...subscribing)
        const received = messages * bytes * publishers
        return await measure(publishing, subscribing, messages * perMessage, received)
      } finally {
        for (const child of all) child.process.stdin?.end()
        for (const child of all) child.signal('SIGTERM')
        await Promise.all(all.map(({ ended }) => ended))
      }
    },
  }
}

export const libzmqSingle = libzmq(
  'libzmq',
  'C libzmq PUB/SUB, 256 bytes a message, bytes only',
  1,
  800_000,
)
export const libzmqBatched = libzmq(
  'libzmq-batches',
  'C libzmq PUB/SUB, 256 × 256 bytes a message, bytes only',
  256,
  3_800_000,
)
