import path from 'node:path'
import type { ResolvedItem } from './resolved-items.ts'

/**
 * The file that an item names: relative to the file in which the item is written, of an object to the working directory. `name`:
 * as it is told, `file`: as it is opened.
 */
export function itemFile({ source }: ResolvedItem, value: string, cwd: string) {
  const { valueOrigin } = source
  const folder = valueOrigin.kind === 'place' ? path.dirname(valueOrigin.place.source.name) : '.'
  const name = path.isAbsolute(value) ? value : path.join(folder, value)
  return { name, file: path.resolve(cwd, name) }
}
