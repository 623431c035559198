import { RowReader } from '../../src/wire/rows/row-reader.ts'
import { generate } from '../../src/wire/rows/code-generation.ts'
import type { Finding } from './judge.ts'
import { expectSame } from './oracle.ts'
import type { Input, Target } from './target.ts'
import { messageTarget } from './targets/message-target.ts'
import { foreignTarget } from './targets/text-targets.ts'
import { decodeFrames } from '../harness/frames.ts'

/** A decoder with a fault of a kind that real decoders have had, to show that it would be found. */
export interface PlantedFault {
  readonly target: Target
  /** Inputs within which it must be found. */
  readonly within: number
  readonly kind: Finding['kind']
}

const decoded = (input: Input) => decodeFrames(input)

/** Throws for one vector in many: of several streams just one is young and no longer retained. */
function rareStructure(input: Input): string {
  const message = decoded(input)
  if (message.kind !== 'vector') return message.kind
  const whole = message.streams.filter(
    ({ ageMs, first, last }) => ageMs === null && first === last + 1,
  )
  if (message.streams.length > 1 && whole.length === 1)
    throw new RangeError('the index is out of range')
  return 'vector'
}

/** Believes a count before it has looked at the bytes. */
function lengthBomb([, frame = Buffer.alloc(0)]: Input): string {
  const end = frame.length - 40
  if (end < 0 || frame[4] !== 1) return 'other'
  const payloadAt = frame.indexOf(Buffer.from([0, 0, 0, 0]), 60) & ~7
  const count = payloadAt + 4 <= frame.length ? frame.readUInt32LE(payloadAt) : 0
  const words = new Array<number>(Math.min(count, 2e7)).fill(0)
  return `${words.length > 0}`
}

/** Looks for a text by a pattern that tries every way to split it. */
function backtracking([json = Buffer.alloc(0)]: Input): string {
  const text = /x+/.exec(json.toString())?.[0].slice(0, 26) ?? ''
  return String(/^(x+)+$/.test(`${text}!`))
}

function merge(into: Record<string, unknown>, from: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(from)) {
    const known = into[key]
    if (typeof value === 'object' && value !== null && typeof known === 'object' && known !== null)
      merge(known as Record<string, unknown>, value as Record<string, unknown>)
    else if (key !== '__proto__') into[key] = value
  }
}

/** Merges what it reads into a plain object, key by key. */
function pollutedPrototype([json = Buffer.alloc(0)]: Input): string {
  let value: unknown
  try {
    value = JSON.parse(json.toString())
  } catch {
    return 'no JSON'
  }
  if (typeof value !== 'object' || value === null) return 'no record'
  const keys = new Set(Object.keys(Object.prototype))
  try {
    merge({}, value as Record<string, unknown>)
    for (const key in {}) if (!keys.has(key)) throw new Error(`every object has a property now`)
  } finally {
    for (const key of Object.keys(Object.prototype)) Reflect.deleteProperty(Object.prototype, key)
  }
  return 'merged'
}

/** Pastes a name into code. */
function nameAsCode([json = Buffer.alloc(0)]: Input): string {
  let value: { record?: object }
  try {
    value = JSON.parse(json.toString()) as { record?: object }
  } catch {
    return 'no JSON'
  }
  for (const name of Object.keys(value?.record ?? {})) {
    try {
      generate({ f: () => undefined }, `f("${name}")`)
    } catch {
      // A name that breaks the code: other decoders would at least throw.
    }
  }
  return 'read'
}

/** One of two ways to read a batch leaves out a text beyond Latin-1. */
function differingTwin(input: Input): string {
  const message = decoded(input)
  if (message.kind !== 'batch') return message.kind
  const updates: { record: object }[] = []
  if (!new RowReader().read(message, 0, updates as never)) return 'malformed'
  const records = updates.map(({ record }) => Object.values(record))
  const narrow = records.map((values) =>
    values.map((each: unknown) => (each === '山' ? '?' : each)),
  )
  expectSame(narrow, records, 'the two ways differ')
  return 'batch'
}

function planted(
  name: string,
  base: Target,
  run: Target['run'],
  kind: Finding['kind'],
): PlantedFault {
  return { target: { ...base, heavy: () => [], name, run }, within: 40_000, kind }
}

export const plantedFaults: readonly PlantedFault[] = [
  planted('an exception at a rare structure', messageTarget, rareStructure, 'exception'),
  planted('a count believed', messageTarget, lengthBomb, 'memory'),
  planted('time without bounds', foreignTarget, backtracking, 'time'),
  planted('a prototype polluted', foreignTarget, pollutedPrototype, 'exception'),
  planted('a name run as code', foreignTarget, nameAsCode, 'broken promise'),
  planted('two ways that differ', messageTarget, differingTwin, 'broken promise'),
]
