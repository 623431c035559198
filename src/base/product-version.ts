import { readFileSync } from 'node:fs'

let known: string | undefined

/** The version in package.json, which stands two folders above this file, in the sources and in the package. */
export function productVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  known ??= (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  return known
}
