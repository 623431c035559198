import { decodeTableName, encodeTableName, parseTopic } from '../../../src/model/topic.ts'
import { CannotTravel } from '../../../src/wire/rows/cannot-travel.ts'
import { decodeForeign } from '../../../src/wire/frames/foreign.ts'
import { unreadable } from '../../../src/wire/rows/json-text.ts'
import {
  mixedText,
  mixedValue,
  recordText,
  recordValue,
} from '../../../src/wire/rows/mixed-text.ts'
import { mutateBytes } from '../byte-mutation.ts'
import type { Dice } from '../dice.ts'
import { mutateJson } from '../json-mutation.ts'
import { hostileNames } from '../names.ts'
import { Broken, expectSame } from '../oracle.ts'
import { jsonValue, recordMaker } from '../records.ts'
import type { Target } from '../target.ts'
import { mutateOne } from '../target.ts'
import { judgeRefused } from './message-target.ts'

function foreignUpdate(dice: Dice): unknown {
  return {
    kind: dice.pick(['insert', 'modify', 'delete']),
    record: { ID: 'T1', [dice.pick(hostileNames)]: jsonValue(dice, 3) },
    ...(dice.chance(0.3) && { before: { ID: 'T0' } }),
    ...(dice.chance(0.3) && { version: dice.pick([1, '9223372036854775807', '-1', null]) }),
  }
}

const foreignTopic = Buffer.from('update/TRADE/')

export const foreignTarget: Target = {
  name: 'foreign',
  weight: 14,
  valid(dice) {
    const json = dice.chance(0.5)
      ? foreignUpdate(dice)
      : dice.many(1 + dice.few(4), () => foreignUpdate(dice))
    return [Buffer.from(JSON.stringify(json))]
  },
  mutate: (dice, input, other) => mutateOne(dice, input, other, mutateJson),
  run([json = Buffer.alloc(0)]) {
    const message = decodeForeign([foreignTopic, json])
    if (message.kind === 'refused') return judgeRefused(message)
    if (message.updates.length === 0) throw new Broken('a commit of nothing')
    for (const { record, version } of message.updates) {
      if (Object.getPrototypeOf(record) !== Object.prototype)
        throw new Broken('a record without its prototype')
      if (version !== undefined && BigInt.asIntN(64, version) !== version)
        throw new Broken('a version beyond 64 bits')
    }
    return message.kind
  },
}

const topics = [
  'table/',
  'table/TRADE/',
  'table/a%20table/',
  `status/${'0'.repeat(32)}/`,
  `reply/${'f'.repeat(32)}/`,
]

export const topicTarget: Target = {
  name: 'topic',
  weight: 8,
  valid: (dice) => [
    Buffer.from(
      dice.chance(0.5) ? dice.pick(topics) : `table/${encodeTableName(dice.pick(hostileNames))}/`,
    ),
  ],
  mutate: (dice, input, other) => mutateOne(dice, input, other, mutateBytes),
  run([bytes = Buffer.alloc(0)]) {
    const text = bytes.toString('latin1')
    const name = decodeTableName(text)
    if (name !== null && encodeTableName(name) !== text)
      throw new Broken('a table name of two spellings')
    const topic = parseTopic(text)
    if (
      topic?.plane === 'table' &&
      topic.table !== null &&
      `table/${encodeTableName(topic.table)}/` !== text
    )
      throw new Broken('a topic of two spellings')
    return topic?.plane ?? 'none'
  },
}

/** null: JSON has numbers that are Infinity as a double, which nobody publishes. */
function writtenAgain(value: object): string | undefined | null {
  try {
    return mixedText(value)
  } catch (reason) {
    if (reason instanceof CannotTravel && reason.why.includes('Infinity')) return null
    throw reason
  }
}

/** Values of mixed fields, and records that travel as one text. */
export const mixedTarget: Target = {
  name: 'mixed',
  weight: 10,
  valid(dice) {
    const record = recordMaker(dice)() as Record<string, unknown>
    const names = Object.keys(record).slice(0, 12)
    const texts = names.map((name) => {
      const value = record[name]
      return value === null || value === undefined ? value : mixedText(value)
    })
    const text = dice.chance(0.5) ? recordText(names, texts) : dice.pick(texts)
    return [Buffer.from(text ?? 'n0')]
  },
  mutate: (dice, input, other) =>
    mutateOne(dice, input, other, dice.chance(0.5) ? mutateJson : mutateBytes),
  run([bytes = Buffer.alloc(0)]) {
    const text = bytes.toString('latin1')
    const record = recordValue(text)
    if (record !== unreadable) return 'record'
    const value = mixedValue(text)
    if (value === unreadable) return 'unreadable'
    const again = value === null ? null : writtenAgain(value as object)
    if (again === undefined) throw new Broken('what was read cannot be written')
    if (again !== null)
      expectSame(mixedText(mixedValue(again) as object), again, 'written again it differs')
    return 'value'
  },
}
