import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps servers here, which the PATH of a user may lack. */
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']

/** The path of a program, or null: it is not installed. */
export function programPath(name: string): string | null {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}
