import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from './child.ts'
import { scratchDirectory } from './scratch.ts'

/**
 * A second installed copy of the package: its own files, its own module instances, and the packages
 * that it needs (`without`: but for these). Returns the URL-able path of its door.
 */
export function secondCopy(without: readonly string[] = []): string {
  const folder = scratchDirectory()
  cpSync(join(repository, 'src'), join(folder, 'src'), { recursive: true })
  cpSync(join(repository, 'package.json'), join(folder, 'package.json'))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(repository, 'node_modules')))
    if (!without.includes(name) && !name.startsWith('.'))
      symlinkSync(join(repository, 'node_modules', name), join(folder, 'node_modules', name))
  return join(folder, 'src', 'index.ts')
}
