import { types } from 'node:util'
import { ownField } from '../base/own-field.ts'
import type { TablesOf } from './update.ts'

/** What a field can be compared with: by value, a Date by its time, strings by their UTF-16 code units. */
export type Comparable = string | number | bigint | boolean | Date

/** Conditions on the value of one field; all of them must hold. A field that is absent is like null. */
export interface FieldConditions<Value = Comparable> {
  readonly eq?: Value | null | undefined
  /** Holds for every other value, null and values of other types among them. */
  readonly not?: Value | null | undefined
  readonly in?: readonly (Value | null)[] | undefined
  readonly gt?: Value | undefined
  readonly gte?: Value | undefined
  readonly lt?: Value | undefined
  readonly lte?: Value | undefined
}

/** A value, which the field must equal, or conditions. */
export type FieldWhere<Value = Comparable> = Value | null | FieldConditions<Value>

type ComparableOf<Value> = [Extract<Value, Comparable>] extends [never]
  ? Comparable
  : Extract<Value, Comparable>

/** Fields of a table and what must hold for each of them. */
export type TableWhere<Row = object> = [keyof Row] extends [never]
  ? { readonly [field: string]: FieldWhere | undefined }
  : { readonly [Field in keyof Row]?: FieldWhere<ComparableOf<Row[Field]>> | undefined }

/** For each table that is filtered, the conditions on its records. */
export type Where<Tables extends TablesOf = Record<string, object>> = {
  readonly [Table in keyof Tables]?: TableWhere<Tables[Table]> | undefined
}

/** Types that values are compared within; 'other': bytes, lists, objects, which equal nothing. */
type ValueType = 'null' | 'string' | 'number' | 'bigint' | 'boolean' | 'date' | 'other'

/** A value as it is compared: a Date by its time. */
interface Operand {
  readonly type: ValueType
  readonly value: unknown
}

type Test = (value: unknown) => boolean

export const operators = ['eq', 'not', 'in', 'gt', 'gte', 'lt', 'lte'] as const
type Operator = (typeof operators)[number]

/** The conditions of one field, made ready to be asked often. */
export class FieldTest {
  readonly field: string
  /** The texts that a string may equal, where nothing else about it matters; null: ask `of('string')`. */
  readonly texts: readonly string[] | null
  readonly #conditions: readonly (readonly [Operator, readonly Operand[]])[]
  readonly #tests = new Map<ValueType, Test>()

  constructor(field: string, where: FieldWhere) {
    this.field = field
    const conditions = isPlain(where) ? { eq: where } : where
    this.#conditions = Object.entries(conditions)
      .filter(([, value]) => value !== undefined)
      .map(([operator, value]) => [
        operator as Operator,
        (operator === 'in' ? (value as readonly unknown[]) : [value]).map(operandOf),
      ])
    const [only, ...rest] = this.#conditions
    const isEquality = rest.length === 0 && (only?.[0] === 'eq' || only?.[0] === 'in')
    this.texts = isEquality ? (valuesOf(only[1], 'string') as string[]) : null
  }

  /** Whether a decoded value passes; undefined: the field is absent. */
  holds(value: unknown): boolean {
    const { type, value: compared } = operandOf(value)
    return this.of(type)(compared)
  }

  /** The test of values of one type, dates as their times. */
  of(type: ValueType): Test {
    let test = this.#tests.get(type)
    if (!test) {
      const tests = this.#conditions.map(([operator, operands]) =>
        testOf(operator, valuesOf(operands, type)),
      )
      const [first] = tests
      test = first && tests.length === 1 ? first : (value) => tests.every((holds) => holds(value))
      this.#tests.set(type, test)
    }
    return test
  }
}

/** True: the value itself, not conditions on it. */
export const isPlain = (where: FieldWhere): where is Comparable | null =>
  where === null || typeof where !== 'object' || types.isDate(where)

export function operandOf(value: unknown): Operand {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return { type: typeof value as ValueType, value }
    case 'undefined':
      return { type: 'null', value: null }
    default:
      if (value === null) return { type: 'null', value }
      return types.isDate(value)
        ? { type: 'date', value: value.getTime() }
        : { type: 'other', value }
  }
}

const valuesOf = (operands: readonly Operand[], type: ValueType): unknown[] =>
  operands.filter((operand) => operand.type === type).map(({ value }) => value)

/** `operands`: those of the type of the values that are tested; a value of no other type is asked about. */
function testOf(operator: Operator, operands: readonly unknown[]): Test {
  if (operator === 'in') {
    const listed = new Set(operands)
    return (value) => listed.has(value)
  }
  if (operands.length === 0) return operator === 'not' ? () => true : () => false
  return comparisons[operator](operands[0] as number)
}

/** As numbers; texts, bigints and times compare alike. */
const comparisons: Record<Exclude<Operator, 'in'>, (operand: number) => Test> = {
  eq: (operand) => (value) => value === operand,
  not: (operand) => (value) => value !== operand,
  gt: (operand) => (value) => (value as number) > operand,
  gte: (operand) => (value) => (value as number) >= operand,
  lt: (operand) => (value) => (value as number) < operand,
  lte: (operand) => (value) => (value as number) <= operand,
}

/**
 * The conditions on the records of one table. An update passes when its record passes, or the record
 * before it: whoever keeps what passes is told when a record leaves.
 */
export class RecordTest {
  readonly fields: readonly FieldTest[]

  constructor(where: TableWhere) {
    this.fields = Object.entries(where as Record<string, FieldWhere | undefined>).flatMap(
      ([field, conditions]) => (conditions === undefined ? [] : [new FieldTest(field, conditions)]),
    )
  }

  /** Of what `before` leaves out nothing is known but what `record` has now. */
  passes(record: object, before: object | undefined): boolean {
    return this.#holds(record) || (before !== undefined && this.#holds({ ...record, ...before }))
  }

  #holds(record: object): boolean {
    return this.fields.every((test) => test.holds(ownField(record, test.field)))
  }
}
