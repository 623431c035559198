import { didYouMean } from './nearest.ts'
import { isPlainObject } from './plain-object.ts'
import { shown } from './shown.ts'
import { TidingsError } from './tidings-error.ts'

/** Throws USAGE for a name that nobody looks at: it would be a setting that is silently not in force. */
export function checkNames(
  call: string,
  options: object,
  known: Readonly<Record<string, true>>,
): void {
  const names = Object.keys(known)
  if (!isPlainObject(options))
    throw usage(`${call} takes an object with ${names.join(', ')}, got ${shown(options)}`)
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    const hint = didYouMean(name, names) || `; it takes ${names.join(', ')}`
    throw usage(`${call} has no option "${name}"${hint}`)
  }
}

const usage = (message: string): TidingsError => new TidingsError('USAGE', message)
