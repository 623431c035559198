import { assertNever } from '../../base/assertion.ts'
import { generate, literal } from './code-generation.ts'
import { exceptionSlot } from './payload.ts'
import { defineOwn, detachedCharacters, textReaders } from './row-decoder.ts'
import type { RowDecoder, SelectedFields } from './row-decoder.ts'
import { isText, states } from './row-layout.ts'
import type { Column, RowLayout } from './row-layout.ts'

const lowBits = 0x55555555

/**
 * A decoder made for one shape, or for some fields of it. A row without absent fields is made at once, so that all
 * such records share one hidden class; any other is put together field by field.
 */
export function generateDecoder(layout: RowLayout, fields: SelectedFields): RowDecoder {
  const { columns, words, stride } = layout
  const isSelected = ({ name }: Column): boolean => fields === null || fields.has(name)
  const dictionaries = columns.filter(({ type }) => type === 'dictionary')
  const eachWord = (phrase: (n: number) => string) =>
    Array.from({ length: words }, (_, n) => phrase(n))
  const views = `const { f64, i64, u16, u32 } = source.memory, { heap } = source`
  const lists = dictionaries.map(({ index }, n) => `const d${index} = source.dictionaries[${n}]`)
  const row = [
    `const at = source.rowsAt + row * ${stride}, at2 = at >> 1, at4 = at >> 2, at8 = at >> 3`,
    ...eachWord((n) => `const s${n} = u32[at4 + ${n}]`),
  ]
  const malformed = eachWord(
    (n) => `(s${n} & ~(s${n} >>> 1) & ${layout.neverTrue[n]}) | (~s${n} & ${layout.alwaysNull[n]})`,
  )
  const absent = eachWord((n) => `(s${n} & (s${n} >>> 1))`)
  const selected = columns.filter(isSelected)
  const values: string[] = []
  /** Texts to step over before the next value is read. */
  let passed: string[] = []
  for (const column of columns) {
    if (isSelected(column)) {
      values.push(`(${[...passed, valueCode(layout, column)].join(', ')})`)
      passed = []
    } else if (isText(column.type)) passed.push(passOverCode(layout, column))
  }
  const body = `
    ${constructorCode(selected)}
    function sparse(source, row, p) {
      ${[views, ...lists, ...row].join('\n      ')}
      let n = 0, x = 0
      const record = {}
      ${columns.map((column) => (isSelected(column) ? assignCode(layout, column) : passOverAnyCode(layout, column))).join('\n      ')}
      source.position = p
      return record
    }
    return (source, from, to, out) => {
      ${[views, ...lists].join('\n      ')}
      let p = source.position, n = 0, x = 0, end = out.length
      for (let row = from; row < to; row++) {
        ${row.join('\n        ')}
        if (u32[at4 + ${words}] !== p || (${[...malformed, '0'].join(' | ')}) !== 0) { source.failed = true; return }
        if (((${[...absent, '0'].join(' | ')}) & ${lowBits}) !== 0) { out[end++] = sparse(source, row, p); p = source.position }
        else { out[end++] = ${wholeCode(selected, values)}; ${passed.join('; ')} }
      }
      source.position = p
    }`
  return generate({ defineOwn, readers: textReaders }, body) as RowDecoder
}

/** Makes plain objects, and not by a literal, for the reason that base/fresh.ts has. */
function constructorCode(selected: readonly Column[]): string {
  if (!canConstruct(selected)) return ''
  const parameters = selected.map((_, n) => `v${n}`).join(', ')
  const assignments = selected.map(({ name }, n) => `this[${literal(name)}] = v${n}`).join('; ')
  return `function Row(${parameters}) { ${assignments} }
    Row.prototype = Object.prototype`
}

/** A row with all of its fields. */
function wholeCode(selected: readonly Column[], values: readonly string[]): string {
  if (canConstruct(selected)) return `new Row(${values.join(', ')})`
  return `{ ${selected.map((column, n) => `${keyCode(column)}: ${values[n]}`).join(', ')} }`
}

/** An assignment would meet what Object.prototype has under that name: a setter, or what is frozen. */
const canConstruct = (selected: readonly Column[]): boolean =>
  selected.every(({ name }) => !(name in Object.prototype))

/** `"__proto__": value` in a literal would set the prototype; a computed key is a property. */
function keyCode({ name }: Column): string {
  return name === '__proto__' ? `[${literal(name)}]` : literal(name)
}

/** Steps over the text of a field that is not read, of a row that has the field. */
function passOverCode(layout: RowLayout, column: Column): string {
  const isNull = `(s${column.word} & ${(states.isNull << column.shift) | 0}) !== 0`
  const slot = `u16[at2 + ${layout.slotsAt / 2 + column.slot}]`
  return `(${isNull} ? 0 : (n = ${slot}) === ${exceptionSlot} ? source.exception(row, ${column.index}) : p += n)`
}

/** The same of a row that may lack the field: absent has the bit of null, too. */
const passOverAnyCode = (layout: RowLayout, column: Column): string =>
  isText(column.type) ? `;${passOverCode(layout, column)}` : ''

function assignCode(layout: RowLayout, column: Column): string {
  const name = literal(column.name)
  const isThere = `((s${column.word} >>> ${column.shift}) & 3) !== ${states.absent}`
  const value = valueCode(layout, column)
  if (column.name === '__proto__') return `if (${isThere}) defineOwn(record, ${name}, ${value})`
  return `if (${isThere}) record[${name}] = ${value}`
}

function valueCode(layout: RowLayout, column: Column): string {
  const isNull = `(s${column.word} & ${(states.isNull << column.shift) | 0}) !== 0`
  const isTrue = `(s${column.word} & ${(states.isTrue << column.shift) | 0}) !== 0`
  const cell = `at8 + ${layout.cellsAt / 8 + column.cell}`
  const slot = `u16[at2 + ${layout.slotsAt / 2 + column.slot}]`
  const exception = `source.exception(row, ${column.index})`
  const detached = `n === ${exceptionSlot} ? ${exception} : source.detached(p, p += n)`
  switch (column.type) {
    case 'null':
      return 'null'
    case 'boolean':
      return `${isNull} ? null : ${isTrue}`
    case 'float64':
      // A whole number as one: V8 keeps small integers in the object itself, any other number in an
      // object of its own. −0 is none.
      return `${isNull} ? null : (n = (x = f64[${cell}]) | 0) === x && (n !== 0 || 1 / x > 0) ? n : x`
    case 'int64':
      return `${isNull} ? null : i64[${cell}]`
    case 'date':
      return `${isNull} ? null : new Date(f64[${cell}])`
    case 'dictionary':
      return `${isNull} ? null : (n = ${slot}) < d${column.index}.length ? d${column.index}[n] : source.fail()`
    case 'string':
      return `${isNull} ? null : (n = ${slot}) < ${detachedCharacters} ? heap.substring(p, p += n) : ${detached}`
    case 'bytes':
      return `${isNull} ? null : (n = ${slot}) === ${exceptionSlot} ? source.parsed(${exception}, readers.bytes) : source.bytes(p, p += n)`
    case 'json':
    case 'mixed':
    case 'record':
      return `${isNull} ? null : (n = ${slot}, source.parsed(${detached}, readers.${column.type}))`
    default:
      return assertNever(column.type)
  }
}
