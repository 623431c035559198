import { didYouMean } from '../base/nearest.ts'
import { shown } from '../base/shown.ts'
import { TidingsError } from '../base/tidings-error.ts'
import type { NewReset } from '../model/reset.ts'
import { ResetRows } from '../wire/frames/reset-notice.ts'
import { wireLimits } from '../wire/limits.ts'
import { keyText } from '../wire/rows/record-key.ts'

/** What the resets of a commit say of one table. */
interface TableReset {
  readonly texts: Set<string>
  /** null: any record. */
  keys: Set<string> | null
  keysBytes: number
}

const resetNames = ['table', 'kind', 'reason', 'keys']

/**
 * The resets of one commit, by table: several of one table become one. They stand behind the updates of the
 * commit, wherever they stood in it: whoever reads the table again then reads all that the commit did, and
 * no update of the commit is applied over what was read.
 */
export class CommitResets {
  readonly #tables = new Map<string, TableReset>()

  get tables(): Iterable<string> {
    return this.#tables.keys()
  }

  /** `table` was checked and read already, as each part is read once. Throws USAGE, VALUE_UNSUPPORTED. */
  add(given: NewReset, table: string): void {
    for (const name of Object.keys(given))
      if (!resetNames.includes(name))
        throw new TidingsError(
          'USAGE',
          `a reset has no field "${name}"${didYouMean(name, resetNames) || `; it has ${resetNames.join(', ')}`}`,
        )
    const { reason, keys } = given
    if (typeof reason !== 'string' || reason === '')
      throw new TidingsError(
        'USAGE',
        `a reset needs a reason, a text for people, got ${shown(reason)}`,
      )
    const texts = keys === undefined ? null : keyTexts(keys)
    let reset = this.#tables.get(table)
    if (!reset) {
      reset = { texts: new Set(), keys: new Set(), keysBytes: 0 }
      this.#tables.set(table, reset)
    }
    reset.texts.add(reason)
    addKeys(reset, texts)
  }

  rowsOf(table: string): ResetRows {
    const { texts, keys } = this.#tables.get(table) as TableReset
    return new ResetRows({ text: cut([...texts].join('; ')), keys: keys ? [...keys] : [] })
  }
}

function keyTexts(keys: unknown): string[] {
  if (!Array.isArray(keys) || keys.length === 0)
    throw new TidingsError(
      'USAGE',
      `keys must be a list of keys, e.g. [{ TRADE_ID: 'T1' }], got ${shown(keys)}`,
    )
  return keys.map((key: unknown, index) => keyText(`keys[${index}]`, key as object))
}

/** More keys than are worth while: then it is of the whole table, which says no less. */
function addKeys(reset: TableReset, texts: readonly string[] | null): void {
  for (const text of texts ?? []) {
    if (reset.keys === null) return
    if (!reset.keys.has(text)) reset.keysBytes += Buffer.byteLength(text)
    reset.keys.add(text)
    if (reset.keys.size > wireLimits.maxResetKeys || reset.keysBytes > wireLimits.maxResetKeysBytes)
      reset.keys = null
  }
  if (texts === null) reset.keys = null
}

/** At most so many bytes of UTF-8 as travel, and no half of a character. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= wireLimits.maxResetTextBytes) return bytes.toString()
  const most = wireLimits.maxResetTextBytes - Buffer.byteLength('…')
  return `${bytes.toString('utf8', 0, most).replace(/\ufffd+$/, '')}…`
}
