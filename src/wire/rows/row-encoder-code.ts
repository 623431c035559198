import { types } from 'node:util'
import { assertNever } from '../../base/assertion.ts'
import { isInt64 } from '../../base/int64.ts'
import { generate, literal } from './code-generation.ts'
import { textOf } from './field-value.ts'
import { kindOfObject, opaque } from './object-kind.ts'
import { exceptionSlot } from './payload.ts'
import { isWide } from './row-encoder.ts'
import { states } from './row-layout.ts'
import type { Column } from './row-layout.ts'
import type { PlannedRow, RowTarget } from './row-target.ts'

/**
 * Writes one record as a row of the segment. False: this record is not as the encoder expects (a
 * field more, another type, a getter on its prototype …); the row is not written then.
 */
export type RowEncoder = (segment: RowTarget, record: object) => boolean

/**
 * An encoder made for one shape. A record is taken when every field of it that is there has the
 * type of its column, and when it has as many enumerable keys as fields were found, so that nothing
 * of it is left out.
 */
export function generateEncoder(plan: PlannedRow): RowEncoder {
  const names = plan.layout.columns.map(({ name }) => name)
  const givens = {
    names,
    getPrototype: Object.getPrototypeOf,
    plain: Object.prototype,
    hasOwn: Object.hasOwn,
    isWide,
    isInt64,
    isDate: types.isDate,
    isBytes: types.isUint8Array,
    kindOfObject,
    opaque,
    textOf,
  }
  return generate(
    givens,
    `let accepted = null
    function accepts(prototype, record) {
      if (prototype !== null && (Array.isArray(record) || 'toJSON' in prototype)) return false
      if (opaque(record) !== null) return false
      if (prototype !== null && names.some((name) => name in prototype && !(name in plain))) return false
      accepted = prototype
      return true
    }
    return (segment, record) => {
      ${encoderCode(plan).join('\n      ')}
    }`,
  ) as RowEncoder
}

function encoderCode(plan: PlannedRow): string[] {
  const { layout } = plan
  const { columns, words, stride } = layout
  const stateWords = Array.from({ length: words }, (_, n) => `let s${n} = 0`)
  const dictionaries = columns
    .filter(({ type }) => type === 'dictionary')
    .map(({ index }) => `const d${index} = segment.dictionaries[${plan.dictionaryOf[index]}]`)
  const padding: string[] = []
  for (let at = layout.slotsAt + layout.slots * 2; at < layout.cellsAt; at += 2) {
    padding.push(`u16[at2 + ${at / 2}] = 0`)
  }
  return [
    // Before any field is read: a getter of a prototype that is not accepted must not run.
    // Having read any property V8 knows the hidden class, and with it the prototype, without a call.
    `void record.constructor`,
    `const prototype = getPrototype(record)`,
    `if (prototype !== plain && prototype !== accepted && !accepts(prototype, record)) return false`,
    // Nothing comes between these loads, so V8 looks at the hidden class of the record once.
    ...columns.map((column) => `const v${column.index} = ${accessCode(column)}`),
    `const { f64, i64, u16, u32 } = segment.scratch`,
    `const at2 = segment.rows * ${stride / 2}, at4 = segment.rows * ${stride / 4}, at8 = segment.rows * ${stride / 8}`,
    `let heap = segment.heap, text, absent = 0, keys = 0`,
    `const heapOffset = heap.length`,
    ...stateWords,
    ...dictionaries,
    ...columns.map((column) => fieldCode(plan, column)),
    // What somebody has put on Object.prototype is no field.
    `for (const key in record) keys++`,
    `for (const key in plain) keys--`,
    `if (keys + absent !== ${columns.length} || (keys === 0 && prototype !== plain)) return false`,
    ...stateWords.map((_, n) => `u32[at4 + ${n}] = s${n}`),
    `u32[at4 + ${words}] = heapOffset`,
    ...padding,
    `segment.heap = heap`,
    `segment.rows++`,
    `return true`,
  ]
}

/** Reading a field that plain objects inherit must not find what they inherit. */
function accessCode({ name }: Column): string {
  if (name in Object.prototype) {
    return `hasOwn(record, ${literal(name)}) ? record[${literal(name)}] : undefined`
  }
  return `record[${literal(name)}]`
}

function fieldCode(plan: PlannedRow, column: Column): string {
  const { layout } = plan
  const state = (bits: number) => `s${column.word} |= ${(bits << column.shift) | 0}`
  const slot = `u16[at2 + ${layout.slotsAt / 2 + column.slot}]`
  const cell = `[at8 + ${layout.cellsAt / 8 + column.cell}]`
  const clear = column.slot >= 0 ? `; ${slot} = 0` : column.cell >= 0 ? `; f64${cell} = 0` : ''
  return [
    valueCode(plan, column, `v${column.index}`, state, slot, cell),
    `else if (v${column.index} === null) { ${state(states.isNull)}${clear} }`,
    `else if (v${column.index} === undefined) { if (!hasOwn(record, ${literal(column.name)})) absent++; ${state(states.absent)}${clear} }`,
    `else return false`,
  ].join('\n      ')
}

function valueCode(
  plan: PlannedRow,
  column: Column,
  value: string,
  state: (bits: number) => string,
  slot: string,
  cell: string,
): string {
  const tests = plan.testsWide[column.index] === true
  const isException = (text: string) =>
    `${text}.length >= ${exceptionSlot}${tests ? ` || isWide(${text})` : ''}`
  const write = (text: string) =>
    `if (${isException(text)}) { segment.except(${column.index}, ${text}); ${slot} = ${exceptionSlot} } ` +
    `else { heap += ${text}; ${slot} = ${text}.length }`
  const writeText = `text = textOf(${literal(column.type)}, ${literal(column.name)}, ${value}); if (text === undefined) return false; ${write('text')}`
  switch (column.type) {
    case 'float64':
      return `if (typeof ${value} === 'number') f64${cell} = ${value}`
    case 'int64':
      return `if (typeof ${value} === 'bigint') { if (!isInt64(${value})) return false; i64${cell} = ${value} }`
    case 'boolean':
      return `if (${value} === true) ${state(states.isTrue)}\n      else if (${value} === false) ;`
    case 'date':
      // A look at the class is faster; what only pretends to be a Date throws, and is looked at again.
      return `if (typeof ${value} === 'object' && ${value} !== null && (${value} instanceof Date || isDate(${value}))) f64${cell} = ${value}.getTime()`
    case 'string':
      return `if (typeof ${value} === 'string') { ${write(value)} }`
    case 'dictionary':
      return `if (typeof ${value} === 'string') { if (d${column.index}.isSingle && ${value} === d${column.index}.only) ${slot} = 0; else { text = d${column.index}.indexOf(${value}); if (text < 0) return false; ${slot} = text } }`
    case 'bytes':
      return `if (isBytes(${value})) { ${writeText} }`
    case 'json':
      return `if (typeof ${value} === 'object' && ${value} !== null && kindOfObject(${value}) === 'json') { ${writeText} }`
    case 'mixed':
      return `if (typeof ${value} === 'bigint' && !isInt64(${value}) || typeof ${value} === 'function' || typeof ${value} === 'symbol') return false\n      else if (${value} !== null && ${value} !== undefined) { ${writeText} }`
    case 'null':
    case 'record':
      return `if (false) ;`
    default:
      return assertNever(column.type)
  }
}
