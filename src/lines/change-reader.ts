import { didYouMean } from '../base/nearest.ts'
import { NumberOutOfRange, parseExactJson, shownPath } from '../base/exact-json.ts'
import { isInt64 } from '../base/int64.ts'
import { maxJsonNesting, nestsDeeper } from '../base/json-nesting.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NewChange, NewReset } from '../model/reset.ts'
import type { UpdateKind } from '../model/update.ts'

/** What an update that does not say it itself has. */
interface ChangeDefaults {
  readonly table?: string | undefined
  readonly kind?: UpdateKind | undefined
}

const kinds = ['insert', 'modify', 'delete']

/** What an update may say. */
const takenNames = ['table', 'kind', 'record', 'before', 'version']

/** What a subscriber is told of an update beside; it is passed over, so that what was printed can be published as it is. */
const printedNames = ['publisher', 'sequence', 'commit', 'publishedAt', 'foreign']

const updateNames = new Set([...takenNames, ...printedNames])

/** A text of JSON → the updates of one commit. Whole numbers stay exact. Throws USAGE with the place. */
export class ChangeReader {
  readonly #defaults: ChangeDefaults

  constructor(defaults: ChangeDefaults) {
    this.#defaults = defaults
  }

  /** The text is a record, of the table and the kind of the defaults. */
  record(text: string, place: string): NewChange[] {
    const { table = '', kind = 'insert' } = this.#defaults
    return [{ table, kind, record: checkObject(exactJson(text, place), place, 'a record') }]
  }

  /** The text is an update, or an array of updates: one commit. */
  commit(text: string, place: string): NewChange[] {
    const value = exactJson(text, place)
    const values = Array.isArray(value) ? value : [value]
    if (values.length === 0) throw new TidingsError('USAGE', `${place}: a commit needs an update`)
    return values.map((each) => this.#update(each, place))
  }

  #update(value: unknown, place: string): NewChange {
    const update = checkObject(value, place, 'an update') as Record<string, unknown>
    // What else it has to have, the queue says.
    if (update['kind'] === 'reset')
      return { table: this.#defaults.table, ...update } as unknown as NewReset
    for (const name of Object.keys(update))
      if (!updateNames.has(name)) {
        const hint = didYouMean(name, updateNames) || `; it has ${takenNames.join(', ')}`
        throw new TidingsError('USAGE', `${place}: an update has no field "${name}"${hint}`)
      }
    const table = update['table'] ?? this.#defaults.table
    if (typeof table !== 'string')
      throw new TidingsError(
        'USAGE',
        `${place}: the update has no \`table\`, and none is given for all`,
      )
    const kind = update['kind'] ?? this.#defaults.kind
    if (typeof kind !== 'string' || !kinds.includes(kind))
      throw new TidingsError(
        'USAGE',
        `${place}: \`kind\` must be 'insert', 'modify', 'delete' or 'reset', got ${shown(kind)}`,
      )
    const { before } = update
    return {
      table,
      kind: kind as UpdateKind,
      record: checkObject(update['record'], place, 'its record'),
      ...(before !== undefined &&
        before !== null && { before: checkObject(before, place, 'its before') }),
      ...(update['version'] !== undefined && { version: toVersion(update['version'], place) }),
    }
  }
}

/** Levels around the values of a record: the record, its update, the commit. */
const levelsAround = 3

/** Whole numbers stay exact: one beyond 2⁵³ is a bigint. Throws USAGE with the place. */
export function exactJson(text: string, place: string): unknown {
  if (nestsDeeper(text, maxJsonNesting + levelsAround))
    throw new TidingsError(
      'USAGE',
      `${place}: the JSON nests deeper than ${maxJsonNesting} levels (maxJsonNesting)`,
    )
  try {
    return parseExactJson(text)
  } catch (error) {
    if (error instanceof NumberOutOfRange)
      throw new TidingsError(
        'USAGE',
        `${place}: \`${shownPath(error.path)}\` must be a number that 64 bits hold, got ${shortened(error.source)}; give a larger one as a string`,
      )
    throw new TidingsError('USAGE', `${place}: not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function checkObject(value: unknown, place: string, what: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new TidingsError(
    'USAGE',
    `${place}: ${what} must be a JSON object, e.g. {"TRADE_ID":"T1"}, got ${value === undefined ? 'nothing' : shown(value)}`,
  )
}

/** Characters of a number that a message shows. */
const maxShown = 40

const shortened = (text: string): string =>
  text.length > maxShown ? `${text.slice(0, maxShown)}…` : text

const wholeNumber = /^-?\d{1,19}$/

function toVersion(value: unknown, place: string): bigint {
  const version =
    typeof value === 'bigint'
      ? value
      : Number.isSafeInteger(value) || (typeof value === 'string' && wholeNumber.test(value))
        ? BigInt(value as number | string)
        : null
  if (version !== null && isInt64(version)) return version
  throw new TidingsError(
    'USAGE',
    `${place}: \`version\` must be a whole number of 64 bits, signed, got ${shown(value)}`,
  )
}
