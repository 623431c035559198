import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const directories = new Set<string>()

/** A directory of its own for whatever a test writes. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tidings-'))
  directories.add(directory)
  return directory
}

/** Removes them all; call it when nobody writes there any more. */
export function removeScratch(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
  directories.clear()
}
