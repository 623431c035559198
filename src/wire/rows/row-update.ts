import { memberPath } from '../../base/exact-json.ts'
import { isInt64 } from '../../base/int64.ts'
import { shown } from '../../base/shown.ts'
import { TidingsError } from '../../base/tidings-error.ts'
import type { UpdateKind } from '../../model/update.ts'
import { cannotRead, refusedField } from './cannot-travel.ts'
import { opaque, opaqueWithToJson } from './object-kind.ts'
import type { FieldValues } from './writer-shape.ts'

/** One update as the writer takes it: the table is the writer's. */
export interface RowUpdate {
  readonly kind: UpdateKind
  readonly record: object
  readonly before?: object | undefined
  readonly version?: bigint | undefined
}

/** Throws USAGE and VALUE_UNSUPPORTED. Fields are looked at later. */
export function checkUpdate(
  kind: unknown,
  record: unknown,
  before: unknown,
  version: unknown,
): void {
  // Most updates by far; short, so that V8 puts it where it is called.
  const isKind = kind === 'insert' || kind === 'modify' || kind === 'delete'
  const isRecord = typeof record === 'object' && record !== null
  if (!isKind || !isRecord || before !== undefined || version !== undefined)
    checkParts(kind, record, before, version)
}

function checkParts(kind: unknown, record: unknown, before: unknown, version: unknown): void {
  if (kind !== 'insert' && kind !== 'modify' && kind !== 'delete')
    throw new TidingsError(
      'USAGE',
      `\`kind\` must be 'insert', 'modify' or 'delete', got ${shown(kind)}`,
    )
  if (typeof record !== 'object' || record === null) throw noRecord('record', shown(record))
  if (before !== undefined && (typeof before !== 'object' || before === null))
    throw noRecord('before', shown(before))
  if (version !== undefined && (typeof version !== 'bigint' || !isInt64(version)))
    throw unsupported('version', `must be a signed 64-bit bigint, got ${shown(version)}`)
}

const unsupported = (name: string, why: string) =>
  new TidingsError('VALUE_UNSUPPORTED', `\`${name}\` ${why}`)

const noRecord = (name: string, got: string) =>
  unsupported(name, `must be an object of fields, got ${got}`)

/** Which record these are the fields of: `record` or `before`. */
export interface FieldsOf extends FieldValues {
  readonly of: string
}

function shownBy(of: string, record: object, toJSON: Function): unknown {
  const what = opaqueWithToJson(record)
  if (what !== null) throw noRecord(of, what)
  return toJSON.call(record, '')
}

/** Own enumerable keys, as `JSON.stringify` sees them; each value is read once. */
export function fieldsOf(of: string, record: object): FieldsOf {
  let path = ''
  try {
    const { toJSON } = record as { toJSON?: unknown }
    const source: unknown = typeof toJSON === 'function' ? shownBy(of, record, toJSON) : record
    if (typeof source !== 'object' || source === null || Array.isArray(source))
      throw noRecord(of, shown(source))
    const what = opaque(source)
    if (what !== null) throw noRecord(of, what)
    const names = Object.keys(source)
    const values = names.map((name) => {
      path = memberPath(name)
      return (source as Record<string, unknown>)[name]
    })
    return { of, names, values }
  } catch (reason) {
    if (reason instanceof TidingsError && path === '') throw reason
    throw refusedField(of, cannotRead(path, reason))
  }
}
